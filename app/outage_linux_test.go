package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// outage is how long the database is away: longer than the pauses between the
// attempts to reach it grow, and than requests wait.
const outage = 20 * time.Second

// TestDatabaseStops stops Postgres under two processes and starts it again:
// boards get their answers throughout, people are told that nothing can be saved
// just now, and then all goes on by itself, with what boards said meanwhile.
func TestDatabaseStops(t *testing.T) {
	server := dbtest.NewServer(t)
	s := newSite(t, db.Config{URL: server.URL})
	image := app("smart-lamp", "v1.0.1")
	if status, err := s.upload(image); status != http.StatusCreated {
		t.Fatal(status, err)
	}
	other := s.beside()
	person := newBrowser(t, s.process)
	boards := newBoardCrowd(t, image)
	for i, p := range []*process{s.process, other} {
		until(t, "a board gets the image", func() bool { status, _ := p.asks("18:FE:34:AA:BB:CC", "v1.0.0"); return status == "200" })
		boards.ask(p, "18:FE:34:AA:BB:CC", "v1.0.0", "200")
		boards.ask(p, "18:FE:34:AA:BB:CC", "v1.0.1", "304")
		boards.ask(p, fmt.Sprintf("18:FE:34:00:00:0%d", i), "v1.0.0", "400")
	}
	stream := person.watch(other, "platform:", time.Now())
	hears(t, stream, "beat")

	server.Stop()
	stopped := time.Now()
	for i := range 5 {
		if status, _ := other.asks(fmt.Sprintf("18:FE:34:00:01:0%d", i), "v0.0.1"); status != "400" {
			t.Errorf("a new board got %q", status)
		}
	}
	refusals(t, s, person)
	answered := boards.answers.Load()
	time.Sleep(time.Until(stopped.Add(outage)))
	until(t, "boards are answered while the database is away", func() bool { return boards.answers.Load()-answered >= 6 })
	started := time.Now()
	server.Start()

	until(t, "a change can be saved", func() bool {
		status, _, err := s.send("PUT", "/api/v1/devices/18fe34000100", "application/json", strings.NewReader(`{"platform":"smart-lamp"}`))
		return err == nil && status < 300
	})
	t.Logf("saved %v after the start", time.Since(started))
	until(t, "the other process knows it", func() bool {
		status, body := other.asks("18:FE:34:00:01:00", "v1.0.0")
		return status == "200" && bytes.Equal(body, image)
	})
	other.waitFor(t, "the connection to hear of changes was lost and is back")
	stream = person.watch(other, "platform:", time.Now())
	hears(t, stream, "beat")
	s.call("PATCH", "/api/v1/platforms/smart-lamp", `{"notes":"after the outage"}`)
	hears(t, stream, "page")
	t.Logf("all is well %v after the start", time.Since(started))
	for i := range 5 {
		mac := fmt.Sprintf("18fe3400010%d", i)
		until(t, "a board that asked meanwhile is known", func() bool {
			d, ok := s.device(mac)
			return ok && d.FirstSeen.After(stopped.Add(-time.Second)) && d.FirstSeen.Before(started)
		})
	}
	if status, page := person.send(s.process, "GET", "/devices", ""); status != http.StatusOK || !strings.Contains(page, "18:FE:34:00:01:00") {
		t.Errorf("the page of devices: %d", status)
	}
	boards.end()
	s.counts(boards.images.Load() + 3)
}

// refusals checks what people and scripts are told while the database is away.
func refusals(t *testing.T, s *site, person *browser) {
	t.Helper()
	const sentence = "database does not answer just now"
	for _, ask := range []struct{ method, path, form, header string }{
		{"GET", "/", "", ""},
		{"GET", "/devices?q=lamp", "", ""},
		{"GET", "/devices", "", "HX-Request: true"},
		{"GET", "/session/new", "", ""},
		{"POST", "/session", "email=a@example.com&password=correct+horse", ""},
		{"POST", "/devices/18fe34aabbcc?_method=PUT", "notes=window", ""},
		{"PUT", "/devices/18fe34aabbcc", "notes=window", "HX-Request: true"},
		{"GET", "/live?on=feed", "", ""},
	} {
		headers := []string{}
		if ask.header != "" {
			headers = append(headers, ask.header)
		}
		began := time.Now()
		status, page := person.send(s.process, ask.method, ask.path, ask.form, headers...)
		if status != http.StatusServiceUnavailable || !strings.Contains(page, sentence) {
			t.Errorf("%s %s: %d %s", ask.method, ask.path, status, page)
		}
		if ask.method != "GET" && !strings.Contains(page, "changes cannot be saved") {
			t.Errorf("%s %s does not say that nothing is saved: %s", ask.method, ask.path, page)
		}
		for _, inside := range []string{"pq:", "dial tcp", "goroutine", "panic"} {
			if strings.Contains(page, inside) {
				t.Errorf("%s %s tells %q", ask.method, ask.path, inside)
			}
		}
		if again := `href="/devices?q=lamp" role="button">Try again`; ask.path == "/devices?q=lamp" && !strings.Contains(page, again) {
			t.Errorf("%s does not offer to try again: %s", ask.path, page)
		}
		if ask.header != "" && strings.Contains(page, "<html") {
			t.Errorf("%s %s for a part of a page got a whole one", ask.method, ask.path)
		}
		t.Logf("%s %s took %v", ask.method, ask.path, time.Since(began))
	}
	status, data, err := s.send("PUT", "/api/v1/devices/18fe34aabbcc", "application/json", strings.NewReader(`{"notes":"window"}`))
	var said struct{ Error string }
	if json.Unmarshal(data, &said) != nil || err != nil || status != http.StatusServiceUnavailable || !strings.Contains(said.Error, sentence) {
		t.Errorf("the API: %d %s %v", status, data, err)
	}
	if status, err := s.upload(large("v1.0.2")); err != nil || status != http.StatusServiceUnavailable {
		t.Errorf("an upload: %d %v", status, err)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200} {
		if status, _ := person.send(s.process, "GET", path, ""); status != want {
			t.Errorf("%s: %d", path, status)
		}
	}
}

// TestAStopWaitsForTheDatabase stops a process while Postgres is away, which comes
// back in time: what boards said and took meanwhile is not lost.
func TestAStopWaitsForTheDatabase(t *testing.T) {
	const mac = "18:FE:34:AA:BB:CC"
	server := dbtest.NewServer(t)
	s := newSite(t, db.Config{URL: server.URL})
	if status, err := s.upload(app("smart-lamp", "v1.0.1")); status != http.StatusCreated {
		t.Fatal(status, err)
	}
	until(t, "a board gets the image", func() bool { status, _ := s.asks(mac, "v1.0.0"); return status == "200" })
	s.counts(1)
	server.Stop()
	for range 2 {
		if status, _ := s.asks(mac, "v0.9.9"); status != "200" {
			t.Fatalf("a board got %q", status)
		}
	}
	if status, _ := s.asks(mac, "v1.0.1"); status != "304" {
		t.Fatalf("a board got %q", status)
	}
	s.stop(t)
	s.waitFor(t, "stopping")
	time.Sleep(2 * time.Second)
	server.Start()
	s.ends(t)
	s.restart()
	s.counts(3)
	if d, ok := s.device("18fe34aabbcc"); !ok || d.Version != "v1.0.1" {
		t.Errorf("%+v", d)
	}
}
