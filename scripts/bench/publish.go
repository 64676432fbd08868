package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"esp-update-server/app/firmware/firmwaretest"
)

// What the boards run, and how large what they are offered is.
const (
	newest    = "v2.0.0"
	older     = "v1.0.0"
	imageSize = 1 << 20
)

// platforms are those of dbtest.Load.
var platforms = []string{"smart-lamp", "door-sensor", "garden-pump", "weather-mast"}

// publish publishes a release of 1 MiB for each platform.
func (c *contender) publish(ctx context.Context) error {
	for _, p := range platforms {
		tag := firmwaretest.Tag(p, newest)
		padding := strings.Repeat("\x00", (imageSize-4096-len(tag))&^15)
		if err := c.upload(ctx, firmwaretest.ESP8266App(tag+padding)); err != nil {
			return fmt.Errorf("publishing for %s: %w", p, err)
		}
	}
	return nil
}

func (c *contender) upload(ctx context.Context, image []byte) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("file", "firmware.bin")
	if err != nil {
		return err
	}
	_, _ = file.Write(image)
	_ = form.Close()
	resp, err := c.api(ctx, "POST", "/api/v1/firmware", form.FormDataContentType(), &body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		answer, _ := io.ReadAll(io.LimitReader(resp.Body, 2000))
		return fmt.Errorf("%s: %s", resp.Status, answer)
	}
	return nil
}

func (c *contender) api(ctx context.Context, method, path, contentType string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+c.address+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", contentType)
	return http.DefaultClient.Do(req)
}

// waiting is how many devices have news that are not written yet, by the
// server's own account.
func (c *contender) waiting(ctx context.Context) (n int, err error) {
	resp, err := c.api(ctx, "GET", "/metrics", "", nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	_, after, found := strings.Cut(string(text), "\nesp_update_server_check_ins_waiting ")
	if !found {
		return 0, fmt.Errorf("the server does not tell what waits to be written: %s", resp.Status)
	}
	_, err = fmt.Sscan(after, &n)
	return n, err
}

// createDatabase makes an empty database on a Postgres server. It goes with the
// server, which scripts/with-postgres starts for this run.
func createDatabase(ctx context.Context, server, name string) error {
	d, err := sql.Open("postgres", server)
	if err != nil {
		return err
	}
	defer d.Close()
	_, err = d.ExecContext(ctx, "CREATE DATABASE "+name)
	return err
}
