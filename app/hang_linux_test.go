package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestDatabaseHangs lets Postgres say nothing while its connections stay open:
// boards get their answers, people hear in words that nothing can be saved, and
// then all goes on by itself.
func TestDatabaseHangs(t *testing.T) {
	server := dbtest.NewServer(t)
	s := newSite(t, db.Config{URL: server.URL})
	image := app("smart-lamp", "v1.0.1")
	if status, err := s.upload(image); status != http.StatusCreated {
		t.Fatal(status, err)
	}
	person := newBrowser(t, s.process)
	until(t, "a board gets the image", func() bool { status, _ := s.asks("18:FE:34:AA:BB:CC", "v1.0.0"); return status == "200" })

	server.Freeze()
	defer server.Thaw() // or it would not stop
	var asking sync.WaitGroup
	for _, ask := range []struct{ method, path, form string }{
		{"GET", "/devices", ""},
		{"GET", "/session/new", ""},
		{"POST", "/session", "email=b@example.com&password=wrong"},
		{"POST", "/devices/18fe34aabbcc?_method=PUT", "notes=window"},
		{"GET", "/", ""},
		{"GET", "/platforms", ""},
	} {
		asking.Go(func() {
			began := time.Now()
			status, page := person.send(s.process, ask.method, ask.path, ask.form)
			if status != http.StatusServiceUnavailable || !strings.Contains(page, "database does not answer just now") {
				t.Errorf("%s %s: %d %s", ask.method, ask.path, status, page)
			}
			t.Logf("%s %s took %v", ask.method, ask.path, time.Since(began))
		})
	}
	for range 5 {
		for _, board := range []struct{ runs, gets string }{{"v1.0.0", "200"}, {"v1.0.1", "304"}} {
			if status, _ := s.asks("18:FE:34:AA:BB:CC", board.runs); status != board.gets {
				t.Errorf("a board with %s got %q", board.runs, status)
			}
		}
	}
	asking.Wait() // all of them, so none waits for the database
	server.Thaw()

	until(t, "a change can be saved", func() bool {
		status, _, err := s.send("PUT", "/api/v1/devices/18fe34000100", "application/json", strings.NewReader(`{"platform":"smart-lamp"}`))
		return err == nil && status < 300
	})
	until(t, "pages are as ever", func() bool {
		status, _ := person.send(s.process, "GET", "/devices", "")
		return status == http.StatusOK
	})
	until(t, "what the board said is written", func() bool {
		d, ok := s.device("18fe34aabbcc")
		return ok && d.Version == "v1.0.1"
	})
}
