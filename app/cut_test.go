package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// cut ends a connection as a router that loses power does for its clients.
func cut(c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
}

// TestUploadIsCut cuts uploads off in the middle: nothing of them is kept, and
// the same file is taken afterwards.
func TestUploadIsCut(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		s := newSite(t, c)
		person := newBrowser(t, s.process)
		data := large("v1.0.1")
		body, kind := fileForm(t, data)
		for _, path := range []string{"/api/v1/firmware", "/uploads"} {
			for _, sent := range []int{10, len(body) / 2, len(body) - 300} {
				r, err := http.NewRequest("POST", "http://"+s.address+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				cookies := person.Jar.Cookies(r.URL)
				conn, err := net.Dial("tcp", s.address)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nCookie: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
					path, s.token, cookies[0], kind, len(body))
				_, _ = io.WriteString(conn, body[:sent])
				cut(conn)
			}
		}
		if _, page := person.send(s.process, "GET", "/uploads/new", ""); strings.Contains(page, `<li><a href="/uploads/`) {
			t.Errorf("a draft is kept: %s", page)
		}
		if there := s.versions(); len(there) > 0 {
			t.Errorf("there are %v", there)
		}
		if status, err := s.upload(data); status != http.StatusCreated {
			t.Errorf("the whole file got %d %v", status, err)
		}
		if log := s.logged(); strings.Contains(log, "level=ERROR") {
			t.Errorf("%s", log)
		}
	})
}

// TestDownloadIsCut cuts downloads off in the middle: only whole ones count.
func TestDownloadIsCut(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	data := large("v1.0.1")
	if status, err := s.upload(data); status != http.StatusCreated {
		t.Fatal(status, err)
	}
	for range 5 {
		c, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.(*net.TCPConn).SetReadBuffer(16 << 10)
		_, _ = io.WriteString(c, "GET /update?dev=smart-lamp&ver=1 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n")
		if _, err := io.ReadFull(c, make([]byte, 20_000)); err != nil {
			t.Fatal(err)
		}
		cut(c)
	}
	if status, body := s.asks("18:FE:34:AA:BB:CC", "v1.0.0"); status != "200" || !bytes.Equal(body, data) {
		t.Fatalf("after the cuts a board got %q and %d bytes", status, len(body))
	}
	s.waitFor(t, "download finished")
	s.counts(1)
	s.stop(t)
	s.ends(t)
	if n := strings.Count(s.logged(), "download finished"); n != 1 {
		t.Errorf("%d downloads finished:\n%s", n, s.logged())
	}
	s.restart()
	if answer := string(s.call("GET", "/api/v1/platforms/smart-lamp", "")); !strings.Contains(answer, `"downloads":1,`) && !strings.Contains(answer, `"downloads": 1,`) {
		t.Errorf("%s", answer)
	}
}

// TestStreamIsCut cuts the stream of an open page: when the page comes back, it
// hears of what it missed.
func TestStreamIsCut(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		s := newSite(t, c)
		person := newBrowser(t, s.process)
		time.Sleep(2 * time.Second) // what is older than the page, by more than clocks may differ, is not told again
		since := time.Now()
		_, leave := person.watchUntil(s.process, "platform:", since)
		leave()
		s.call("PATCH", "/api/v1/platforms/smart-lamp", `{"notes":"missed"}`)
		hears(t, person.watch(s.process, "platform:", since), "page")
	})
}
