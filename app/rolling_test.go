package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"esp-update-server/db/dbtest"
)

// TestRollingRestart stops one of two processes behind a list of addresses, as a
// new version does: who was let in gets a whole answer, boards and an upload too.
func TestRollingRestart(t *testing.T) {
	s := newSite(t, dbtest.Postgres(t))
	image, next := app("smart-lamp", "v1.0.1"), large("v1.0.2")
	if status, err := s.upload(image); status != http.StatusCreated {
		t.Fatal(status, err)
	}
	other := s.beside()
	until(t, "the other process is ready", func() bool { return other.tries() == "304" })
	var stop atomic.Bool
	var fromFirst, fromOther atomic.Int64
	var running sync.WaitGroup
	for i := range 4 {
		running.Go(func() {
			for n := 0; !stop.Load(); n++ {
				ver, want := "v1.0.0", "200"
				if (i+n)%2 == 0 {
					ver, want = "v1.0.2", "304"
				}
				taken, status, body := s.asksAny(ver, s.process, other)
				if status != want || want == "200" && !bytes.Equal(body, image) && !bytes.Equal(body, next) {
					t.Errorf("a board that was let in got %q and %d bytes", status, len(body))
				}
				if taken == other {
					fromOther.Add(1)
				} else {
					fromFirst.Add(1)
				}
			}
		})
	}
	end := func() { stop.Store(true); running.Wait() }
	t.Cleanup(end)
	until(t, "boards are answered", func() bool { return fromFirst.Load() > 50 })
	answered := slowUpload(t, s, next, func() {
		s.stop(t)
		s.waitFor(t, "stopping: running downloads")
	})
	if answered != http.StatusCreated {
		t.Errorf("an upload that was under way got %d", answered)
	}
	s.ends(t)
	if code := s.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit %d:\n%s", code, s.logged())
	}
	n := fromOther.Load()
	until(t, "the other process takes over", func() bool { return fromOther.Load() > n+50 })
	end()
	s.restart()
	if there := s.versions(); !there["v1.0.2"] {
		t.Errorf("there are %v", there)
	}
}

// asksAny asks the first process that lets a board in.
func (s *site) asksAny(ver string, processes ...*process) (taken *process, status string, body []byte) {
	for _, p := range processes {
		c, err := net.Dial("tcp", p.address)
		if err != nil {
			continue
		}
		_ = c.SetDeadline(time.Now().Add(patience))
		_, _ = fmt.Fprintf(c, "GET /update?dev=smart-lamp&ver=%s HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n", ver)
		answer, err := io.ReadAll(c)
		_ = c.Close()
		head, body, whole := bytes.Cut(answer, []byte("\r\n\r\n"))
		if err != nil || !whole {
			return p, fmt.Sprintf("%v after %d bytes", err, len(answer)), nil
		}
		return p, string(head[9:12]), body
	}
	return nil, "", nil
}

// slowUpload does something in the middle of an upload, which must be large to be
// sent before it is whole, and gives the status that the upload got.
func slowUpload(t *testing.T, s *site, data []byte, meanwhile func()) int {
	t.Helper()
	body, kind := fileForm(t, data)
	out, in := io.Pipe()
	go func() {
		_, _ = in.Write([]byte(body[:len(body)/2]))
		meanwhile()
		_, _ = in.Write([]byte(body[len(body)/2:]))
		_ = in.Close()
	}()
	r, err := http.NewRequest("POST", "http://"+s.address+"/api/v1/firmware", out)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = int64(len(body))
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", kind)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Errorf("an upload that was under way: %v", err)
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
