package main

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"time"

	"esp-update-server/app/release"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// wrong is by how much the clock is ahead before it is set right: more than
// drafts, pins and what is known of passwords live.
const wrong = 48 * time.Hour

// TestClockIsSetBack sets the clock of running servers back. Boards are answered
// throughout, people stay signed in and go on with what they did, and nothing
// waits until the time is reached that it was before.
func TestClockIsSetBack(t *testing.T) {
	program := programWithClock(t)
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		clock := newClock(t)
		clock.set(wrong)
		s := &clockSite{site: newSite(t, c, clock.env(program)...), image: app("smart-lamp", "v1.0.1")}
		s.processes = []*process{s.process}
		if c.URL != "" {
			s.processes = append(s.processes, s.beside())
		}
		s.before()
		boards := s.boards()
		streams := s.watch()
		clock.set(0)
		set := time.Now()
		s.call("PATCH", "/api/v1/platforms/smart-lamp", `{"notes":"after that"}`)
		for _, stream := range streams {
			hears(t, stream, "page")
		}
		s.seen(set)
		s.changes()
		s.strangers()
		boards.end()
		s.counts(boards.images.Load() + int64(len(s.processes)))
		s.publishes()
		s.kill()
		s.restart()
		if status, page := s.person.send(s.process, "GET", "/devices", ""); status != http.StatusOK {
			t.Errorf("after a restart: %d %s", status, page)
		}
		s.seen(set)
	})
}

// clockSite is a site whose clock is set.
type clockSite struct {
	*site
	image     []byte
	processes []*process
	person    *browser
}

// before does with the wrong clock what may be in the way when it is right.
func (s *clockSite) before() {
	s.t.Helper()
	if status, err := s.upload(s.image); status != http.StatusCreated {
		s.t.Fatal(status, err)
	}
	s.person = newBrowser(s.t, s.process)
	for n := range release.MaxDrafts {
		s.drops(app("smart-lamp", fmt.Sprintf("v2.0.%d", n)))
	}
	stranger := newBrowser(s.t, s.process)
	for status, page := 0, ""; status != http.StatusTooManyRequests; {
		if status, page = stranger.send(s.process, "POST", "/session", "email=a@example.com&password=wrong"); status < 400 {
			s.t.Fatalf("a wrong password: %d %s", status, page)
		}
	}
	for n := range 1100 { // more than are taken at a time
		s.asks(fmt.Sprintf("18fe3400%04x", n), "v1.0.0")
	}
	s.board("v1.0.0")
	until(s.t, "a board was heard by a clock that is wrong", func() bool { return time.Until(s.lastSeen()) > wrong/2 })
}

// boards ask all processes all the time.
func (s *clockSite) boards() *boardCrowd {
	boards := newBoardCrowd(s.t, s.image)
	for i, p := range s.processes {
		until(s.t, "a board gets the image", func() bool { status, _ := p.asks("18:FE:34:AA:BB:CC", "v1.0.0"); return status == "200" })
		boards.ask(p, "18:FE:34:AA:BB:CC", "v1.0.0", "200")
		boards.ask(p, "18:FE:34:AA:BB:CC", "v1.0.1", "304")
		boards.ask(p, fmt.Sprintf("18:FE:34:00:00:0%d", i), "v1.0.0", "400")
	}
	return boards
}

// watch has a page open at each process.
func (s *clockSite) watch() (streams []<-chan string) {
	for _, p := range s.processes {
		streams = append(streams, s.person.watch(p, "platform:", time.Now().Add(wrong)))
	}
	for _, stream := range streams {
		hears(s.t, stream, "beat")
	}
	return streams
}

// seen holds that a board which asks is said to have asked just now.
func (s *clockSite) seen(set time.Time) {
	s.t.Helper()
	s.board("v1.0.0")
	until(s.t, "a board was heard after the clock was set", func() bool {
		at := s.lastSeen()
		return !at.Before(set.Truncate(time.Second)) && !at.After(time.Now())
	})
}

// changes holds that what people change reaches boards of all processes.
func (s *clockSite) changes() {
	s.t.Helper()
	const mac = "18fe34000010" // which the wrong clock has heard
	for _, change := range []struct{ platform, status string }{{`"smart-lamp"`, "200"}, {"null", "400"}} {
		status, page, err := s.send("PUT", "/api/v1/devices/"+mac, "application/json", bytes.NewBufferString(`{"platform":`+change.platform+`}`))
		if err != nil || status >= 300 {
			s.t.Fatalf("%d %s %v", status, page, err)
		}
		for _, p := range s.processes {
			until(s.t, "a board gets "+change.status, func() bool { status, _ := p.asks(mac, "v1.0.0"); return status == change.status })
		}
	}
	until(s.t, "its new version is known", func() bool {
		s.asks(mac, "v0.9.9") // again: another process may write only now what it heard before
		d, ok := s.device(mac)
		return ok && d.Version == "v0.9.9"
	})
}

// strangers holds that nobody rests until the time that it was before: not who
// tried passwords, nor boards that nobody knows.
func (s *clockSite) strangers() {
	s.t.Helper()
	newBrowser(s.t, s.process)
	const mac = "18fe34ffffff"
	until(s.t, "a board that was never heard before is known", func() bool {
		s.asks(mac, "v1.0.0")
		_, known := s.device(mac)
		return known
	})
}

// drops drops a file on the page, and gives the name of the draft.
func (s *clockSite) drops(data []byte) (draft string) {
	s.t.Helper()
	body, kind := fileForm(s.t, data)
	status, page := s.person.send(s.process, "POST", "/uploads", body, "Content-Type: "+kind, "HX-Request: true")
	if draft = between(page, `name="upload" value="`, `"`); status != http.StatusOK || draft == "" {
		s.t.Fatalf("an upload: %d %s", status, page)
	}
	return draft
}

// publishes holds that somebody can publish a file, and that boards get it.
func (s *clockSite) publishes() {
	s.t.Helper()
	image := app("smart-lamp", "v1.0.2")
	form := "upload=" + s.drops(image) + "&platform=smart-lamp&version=v1.0.2"
	if status, page := s.person.send(s.process, "POST", "/platforms/smart-lamp/firmware", form); status != http.StatusSeeOther {
		s.t.Fatalf("publishing: %d %s", status, page)
	}
	for _, p := range s.processes {
		until(s.t, "a board gets it", func() bool {
			status, body := p.asks("18:FE:34:AA:BB:CC", "v1.0.1")
			return status == "200" && bytes.Equal(body, image)
		})
	}
}
