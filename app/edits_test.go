package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestKillKeepsEdits kills the server while people edit and boards ask: what was
// acknowledged is there.
func TestKillKeepsEdits(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		s := newSite(t, c)
		for round := range 2 {
			e := &editor{site: s, browser: newBrowser(t, s.process), round: round}
			boards, dying := s.storm(round), s.Process
			e.first = func() {
				time.AfterFunc(time.Duration(1000+rand.IntN(500))*time.Millisecond, func() { _ = dying.Kill() })
			}
			e.edit()
			s.kill()
			boards.Wait()
			s.restart()
			e.check()
		}
	})
}

// storm is boards that report another version each time, until the server is gone.
func (s *site) storm(round int) *sync.WaitGroup {
	p, running := s.process, &sync.WaitGroup{}
	for i := range 4 {
		running.Go(func() {
			for n := 0; ; n++ {
				time.Sleep(10 * time.Millisecond)
				if status, _ := p.asks(fmt.Sprintf("18fe34%02x%02x%02x", 0xf0+i, round, n%200), fmt.Sprintf("v0.%d.%d", round, n)); status == "" {
					return
				}
			}
		})
	}
	return running
}

// editor edits in all ways, and remembers how often it was told that it is done.
type editor struct {
	*site
	browser *browser
	round   int
	done    int    // edits of each kind
	first   func() // called when one is done
}

func (e *editor) mac(kind, n int) string {
	return fmt.Sprintf("18fe34%02x%02x%02x", kind, e.round, n%256)
}

// edit goes on until the server is gone.
func (e *editor) edit() {
	for ; ; e.done++ {
		n := e.done
		if n == 1 {
			e.first()
		}
		status, _, err := e.send("PUT", "/api/v1/devices/"+e.mac(1, n), "application/json", strings.NewReader(fmt.Sprintf(`{"platform":"smart-lamp","notes":"note %d"}`, n)))
		if err != nil || status >= 300 {
			return
		}
		for _, form := range []struct {
			method, path string
			values       url.Values
		}{
			{"PUT", "/devices/import", url.Values{"list": {e.mac(2, n) + "\n" + e.mac(3, n)}, "platform": {"smart-lamp"}}},
			{"POST", "/users/invites", url.Values{"email": {e.email(n)}, "role": {"viewer"}}},
			{"POST", "/platforms", url.Values{"name": {fmt.Sprintf("p-%d-%d", e.round, n)}}},
		} {
			status, page := e.browser.send(e.process, form.method, form.path, form.values.Encode())
			if status != 0 && status != http.StatusOK && status != http.StatusSeeOther {
				e.t.Errorf("%s %s: %d %s", form.method, form.path, status, page)
			}
			if status == 0 || status >= 400 {
				return
			}
		}
	}
}

func (e *editor) email(n int) string { return fmt.Sprintf("u%d-%d@example.com", e.round, n) }

// check looks for all that was acknowledged.
func (e *editor) check() {
	e.t.Helper()
	if e.done == 0 {
		e.t.Fatal("nothing was edited before the end")
	}
	e.t.Logf("%d edits of each kind", e.done)
	b := newBrowser(e.t, e.process)
	_, users := b.send(e.process, "GET", "/users", "")
	for n := range e.done {
		for kind, notes := range map[int]string{1: fmt.Sprintf("note %d", n), 2: "", 3: ""} {
			d, ok := e.device(e.mac(kind, n))
			if !ok || d.Platform == nil || *d.Platform != "smart-lamp" || d.Notes != notes {
				e.t.Errorf("device %s is %+v", e.mac(kind, n), d)
			}
			if status, _ := e.asks(e.mac(kind, n), "v1.0.0"); status != "304" {
				e.t.Errorf("device %s gets %q", e.mac(kind, n), status)
			}
		}
		if !strings.Contains(users, e.email(n)) {
			e.t.Errorf("user %s is gone", e.email(n))
		}
		e.call("GET", fmt.Sprintf("/api/v1/platforms/p-%d-%d", e.round, n), "")
	}
}
