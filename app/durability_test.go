package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// site is a server with an admin's token and the platform smart-lamp, on whose
// whitelist one device is.
type site struct {
	t     *testing.T
	env   []string
	token string
	*process
}

func newSite(t *testing.T, c db.Config, env ...string) *site {
	t.Helper()
	s := &site{t: t, env: append(env, "DATA_DIR="+t.TempDir())}
	if c.URL != "" {
		s.env = append(s.env, "DATABASE_URL="+c.URL)
	}
	s.process = start(t, append(s.env, "ADMIN_EMAIL=a@example.com", "ADMIN_PASSWORD=correct horse")...)
	out, stderr, _ := output(t, s.env, "token", "create", "--email", "a@example.com", "--name", "ci")
	if out == "" {
		t.Fatal(stderr)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	s.token = lines[len(lines)-1]
	s.call("POST", "/api/v1/platforms", `{"name":"smart-lamp"}`)
	s.call("PUT", "/api/v1/devices/18fe34aabbcc", `{"platform":"smart-lamp"}`)
	return s
}

func (s *site) restart() {
	s.t.Helper()
	s.process = start(s.t, s.env...)
}

func (s *site) call(method, path, body string) []byte {
	s.t.Helper()
	status, data, err := s.send(method, path, "application/json", strings.NewReader(body))
	if err != nil || status >= 300 {
		s.t.Fatalf("%s %s: %d %s %v", method, path, status, data, err)
	}
	return data
}

func (s *site) send(method, path, kind string, body io.Reader) (int, []byte, error) {
	r, err := http.NewRequest(method, "http://"+s.address+path, body)
	if err != nil {
		return 0, nil, err
	}
	r.Close = true // the server closes a connection that is kept, maybe just when it is used again
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", kind)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, data, err
}

// upload publishes an image; it is safe to call from another goroutine.
func (s *site) upload(data []byte) (int, error) {
	status, _, err := s.publish(data)
	return status, err
}

func (s *site) publish(data []byte) (int, []byte, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	f, err := w.CreateFormFile("file", "firmware.bin")
	if err != nil {
		return 0, nil, err
	}
	_, _ = f.Write(data)
	_ = w.Close()
	return s.send("POST", "/api/v1/firmware", w.FormDataContentType(), &b)
}

// versions are the releases of smart-lamp.
func (s *site) versions() map[string]bool {
	var out struct{ Releases []struct{ Version string } }
	if err := json.Unmarshal(s.call("GET", "/api/v1/platforms/smart-lamp/releases", ""), &out); err != nil {
		s.t.Fatal(err)
	}
	found := map[string]bool{}
	for _, r := range out.Releases {
		found[r.Version] = true
	}
	return found
}

// board asks for an update as an ESP8266 does.
func (s *site) board(ver string) (head string, body []byte) {
	s.t.Helper()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	_, _ = fmt.Fprintf(c, "GET /update?dev=SMART-LAMP&ver=%s HTTP/1.0\r\nHost: x\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n", ver)
	all, err := io.ReadAll(c)
	if err != nil {
		s.t.Fatal(err)
	}
	h, b, _ := bytes.Cut(all, []byte("\r\n\r\n"))
	return string(h), b
}

// large is an image that takes a while to store.
func large(version string) []byte {
	return firmwaretest.ESP8266App(firmwaretest.Tag("smart-lamp", version) + strings.Repeat(version+" ", 150_000))
}

// TestKillLeavesWholeReleasesOrNothing kills the server at some moment of an
// upload while boards ask, again and again: what was acknowledged is there and whole, the rest is
// there whole or not at all.
func TestKillLeavesWholeReleasesOrNothing(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		s := newSite(t, c)
		for n := 1; n <= 5; n++ {
			v := fmt.Sprintf("v1.0.%d", n)
			data := large(v)
			done := make(chan int, 1)
			boards := s.storm(n)
			go func() { status, _ := s.upload(data); done <- status }()
			time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
			s.kill()
			boards.Wait()
			acknowledged := <-done == http.StatusCreated
			forgotten(t, c)
			s.restart()
			there := s.versions()[v]
			if acknowledged && !there {
				t.Fatalf("%s was acknowledged and is gone", v)
			}
			head, body := s.board("v0.0.1")
			if there && (!strings.Contains(head, "x-version: "+v) || !bytes.Equal(body, data)) {
				t.Fatalf("%s is not whole: %s, %d bytes", v, head, len(body))
			}
			if !there {
				if status, err := s.upload(data); status != http.StatusCreated {
					t.Fatalf("%s left something behind: %d %v", v, status, err)
				}
			}
		}
	})
}

// TestStopFinishesDownloads holds that SIGTERM lets a slow board finish.
func TestStopFinishesDownloads(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	data := large("v1.0.1")
	if status, err := s.upload(data); status != http.StatusCreated {
		t.Fatal(status, err)
	}
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.(*net.TCPConn).SetReadBuffer(16 << 10)
	_, _ = io.WriteString(c, "GET /update?dev=smart-lamp&ver=1 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n")
	first := make([]byte, 1000)
	if _, err := io.ReadFull(c, first); err != nil {
		t.Fatal(err)
	}
	s.stop(t)
	s.waitFor(t, "stopping: running downloads")
	until(t, "a stopping server takes no new connection", func() bool {
		late, err := net.Dial("tcp", s.address)
		if err == nil {
			_ = late.Close()
		}
		return err != nil
	})
	rest, err := io.ReadAll(c)
	if err != nil || !bytes.HasSuffix(append(first, rest...), data) {
		t.Errorf("the download broke off after %d bytes: %v", len(rest), err)
	}
	s.ends(t)
	if code := s.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit %d", code)
	}
}
