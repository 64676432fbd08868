package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"esp-update-server/app/firmware/firmwaretest"
)

// seed makes a demo: a platform for each model, its releases, and the boards on
// their whitelists. What is there already is left as it is.
func seed(ctx context.Context, server, token string, fleet []*board) error {
	api := client{server, token}
	for _, m := range models {
		name := strings.ToLower(strings.ReplaceAll(m.platform, "_", "-"))
		if err := api.send(ctx, "POST", "/api/v1/platforms", map[string]string{"name": name, "notes": "Part of the demo."}); err != nil {
			return err
		}
		for _, v := range m.versions {
			if err := api.upload(ctx, name+".bin", image(m, v)); err != nil {
				return err
			}
		}
	}
	for _, b := range fleet {
		if there, err := api.onWhitelist(ctx, b.mac); err != nil {
			return err
		} else if there || !b.permitted {
			continue
		}
		name := strings.ToLower(strings.ReplaceAll(b.platform, "_", "-"))
		if err := api.send(ctx, "PUT", "/api/v1/devices/"+b.mac, map[string]string{"platform": name, "notes": b.notes}); err != nil {
			return err
		}
	}
	return nil
}

// image is firmware of a lifelike size that no board could run.
func image(m model, version string) []byte {
	text := firmwaretest.Tag(m.platform, version) + strings.Repeat("demo "+version+" ", 30_000)
	if m.esp32 {
		return firmwaretest.ESP32App(firmwaretest.ESP32C3, text)
	}
	return firmwaretest.ESP8266App(text)
}

type client struct{ server, token string }

// onWhitelist reports whether a device is on one, which somebody may have chosen.
func (c client) onWhitelist(ctx context.Context, mac string) (bool, error) {
	r, err := http.NewRequestWithContext(ctx, "GET", c.server+"/api/v1/devices/"+mac, nil)
	if err != nil {
		return false, err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	var d struct{ Platform *string }
	if resp.StatusCode != http.StatusOK {
		return false, nil
	}
	return json.NewDecoder(resp.Body).Decode(&d) == nil && d.Platform != nil, nil
}

func (c client) send(ctx context.Context, method, path string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.do(ctx, method, path, "application/json", bytes.NewReader(data))
}

func (c client) upload(ctx context.Context, name string, data []byte) error {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	f, err := w.CreateFormFile("file", name)
	if err != nil {
		return err
	}
	_, _ = f.Write(data)
	_ = w.Close()
	return c.do(ctx, "POST", "/api/v1/firmware", w.FormDataContentType(), &b)
}

// do takes a conflict and a version that is not higher for what was done at an
// earlier start.
func (c client) do(ctx context.Context, method, path, kind string, body io.Reader) error {
	r, err := http.NewRequestWithContext(ctx, method, c.server+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", kind)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	again := resp.StatusCode == http.StatusConflict || bytes.Contains(said, []byte("version-not-higher"))
	if err == nil && resp.StatusCode >= 300 && !again {
		err = fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, said)
	}
	return err
}
