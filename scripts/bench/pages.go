package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"time"
)

// pages measures the devices page of the large fleet while boards keep the
// server half as busy as they can.
func (b *bench) pages(ctx context.Context) error {
	c := b.of("SQLite", b.many)
	if c == nil {
		return nil
	}
	client, err := c.signIn(ctx)
	if err != nil {
		return err
	}
	full, err := b.turn(ctx, c, false, steady)
	if err != nil {
		return err
	}
	busy, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		l := load{address: c.address, boards: b.boardsOf(c.devices), version: newest, callers: steady, until: time.Hour,
			pace: time.Duration(float64(2*steady) / full.rate * float64(time.Second))}
		_, err := l.run(busy)
		ended <- err
	}()
	for _, page := range []struct{ name, path string }{{"page", "/devices"}, {"last page", "/devices?before=end"}, {"search", "/devices?q=room+9999"}} {
		err = errors.Join(err, b.timePage(ctx, client, c, page.name, page.path))
	}
	cancel()
	if e := <-ended; !errors.Is(e, context.Canceled) {
		err = errors.Join(err, e)
	}
	return err
}

func (b *bench) timePage(ctx context.Context, client *http.Client, c *contender, name, path string) error {
	var took []float64
	for range 4 * b.rounds {
		began := time.Now()
		if err := c.get(ctx, client, path); err != nil {
			return err
		}
		took = append(took, float64(time.Since(began).Microseconds())/1000)
	}
	r := row{what: fmt.Sprintf("devices, %s, while boards ask at half speed: %s", name, c.name), unit: " ms", rounds: took}
	if name == "page" {
		r.wanted, r.good = "≤ 100", atMost(100)
	}
	b.table.add(r)
	return nil
}

func (c *contender) get(ctx context.Context, client *http.Client, path string) error {
	req, err := http.NewRequestWithContext(ctx, "GET", "http://"+c.address+path, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, resp.Status)
	}
	return nil
}

// signIn is a browser that is signed in.
func (c *contender) signIn(ctx context.Context) (*http.Client, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Jar: jar}
	resp, err := client.PostForm("http://"+c.address+"/session", url.Values{"email": {admin}, "password": {password}})
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	return client, c.get(ctx, client, "/devices")
}
