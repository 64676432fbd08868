package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestConnectionsAreTerminated cuts all connections to Postgres off at once, as
// a pooler or an admin may, again and again.
func TestConnectionsAreTerminated(t *testing.T) {
	c := dbtest.Postgres(t)
	s := newSite(t, c)
	image := app("smart-lamp", "v1.0.1")
	if status, err := s.upload(image); status != http.StatusCreated {
		t.Fatal(status, err)
	}
	other := s.beside()
	person := newBrowser(t, s.process)
	boards := newBoardCrowd(t, image)
	boards.ask(s.process, "18:FE:34:AA:BB:CC", "v1.0.1", "304")
	boards.ask(other, "18:FE:34:AA:BB:CC", "v1.0.0", "200")
	past := pastProgram(t, c.URL)
	failed := 0
	for i := range 3 {
		if _, err := past.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if status, _ := person.send(s.process, "GET", "/devices", ""); status != http.StatusOK {
				failed++
			}
		}
		mac := fmt.Sprintf("18fe3400000%d", i)
		until(t, "a change can be saved", func() bool {
			status, _, err := s.send("PUT", "/api/v1/devices/"+mac, "application/json", strings.NewReader(`{"platform":"smart-lamp"}`))
			return err == nil && status < 300
		})
		until(t, "the other process knows it", func() bool { status, _ := other.asks(mac, "v1.0.1"); return status == "304" })
	}
	t.Logf("%d of 30 pages failed", failed)
	if failed > 10 {
		t.Errorf("%d of 30 pages failed", failed)
	}
}

// pastProgram connects to a database past the program.
func pastProgram(t *testing.T, url string) *sql.DB {
	t.Helper()
	d, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	d.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// connections is how many other clients are connected to the database: its own
// vacuum and the workers of a parallel query work in it too.
func connections(t *testing.T, d *sql.DB) (n int) {
	t.Helper()
	err := d.QueryRow(`SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// forgotten waits until Postgres has ended what processes that were killed had
// asked for: their last change may be made, or not, after they are gone.
func forgotten(t *testing.T, c db.Config) {
	t.Helper()
	if c.URL != "" {
		past := pastProgram(t, c.URL)
		defer past.Close() // or it is somebody the next time
		until(t, "nobody is connected", func() bool { return connections(t, past) == 0 })
	}
}

// maxConnections is how many a process may have: small plans give 20 to all.
const maxConnections = 8

// TestEightStartOnAnEmptyDatabase holds that processes which start at once wait
// for the one that makes the tables, and that each has its bounded number of
// connections meanwhile.
func TestEightStartOnAnEmptyDatabase(t *testing.T) {
	url := dbtest.Postgres(t).URL
	past := pastProgram(t, url)
	var all []*process
	for range 8 {
		all = append(all, launch(t, "", "DATA_DIR="+t.TempDir(), "DATABASE_URL="+url, "ADMIN_EMAIL=a@example.com", "ADMIN_PASSWORD=correct horse"))
	}
	for _, p := range all {
		p.waitFor(t, "msg=serving")
		if strings.Contains(p.logged(), "level=ERROR") {
			t.Errorf("%s", p.logged())
		}
	}
	until(t, "all answer boards", func() bool {
		for _, p := range all {
			if p.tries() != "400" {
				return false
			}
		}
		return true
	})
	if n := connections(t, past); n > len(all)*maxConnections {
		t.Errorf("%d connections", n)
	}
	var users int
	if err := past.QueryRow(`SELECT COUNT(*) FROM users`).Scan(&users); err != nil || users != 1 {
		t.Errorf("%d users, %v", users, err)
	}
}

// TestConnectionsToPostgresAreBounded loads one process with everything at once.
func TestConnectionsToPostgresAreBounded(t *testing.T) {
	c := dbtest.Postgres(t)
	s := newSite(t, c)
	past := pastProgram(t, c.URL)
	person := newBrowser(t, s.process)
	var running sync.WaitGroup
	for i := range 16 {
		running.Go(func() {
			for n := range 6 {
				mac := fmt.Sprintf("18fe34%02x%02x00", i, n)
				s.asks(mac, fmt.Sprintf("v1.0.%d", n))
				person.send(s.process, "GET", "/devices", "")
				person.send(s.process, "GET", "/", "")
				until(t, "a permit is saved", func() bool { // which may take its time
					status, answer, err := s.send("PUT", "/api/v1/devices/"+mac, "application/json", strings.NewReader(`{"platform":"smart-lamp"}`))
					if err != nil || status >= 300 && status != http.StatusServiceUnavailable {
						t.Errorf("a permit: %d %s %v", status, answer, err)
					}
					return status != http.StatusServiceUnavailable
				})
			}
		})
	}
	done, most := make(chan struct{}), 0
	go func() { running.Wait(); close(done) }()
	for over := false; !over; {
		select {
		case <-done:
			over = true
		case <-time.After(20 * time.Millisecond):
		}
		most = max(most, connections(t, past))
	}
	t.Logf("at most %d connections", most)
	if most > maxConnections {
		t.Errorf("%d connections", most)
	}
}

// TestPermitReachesOtherProcess permits boards in one process, and waits until
// another sends the image.
func TestPermitReachesOtherProcess(t *testing.T) {
	s := newSite(t, dbtest.Postgres(t))
	image := app("smart-lamp", "v1.0.1")
	if status, err := s.upload(image); status != http.StatusCreated {
		t.Fatal(status, err)
	}
	other := s.beside()
	until(t, "the other process is ready", func() bool { return other.tries() == "304" })
	var times []time.Duration
	for i := range 10 {
		mac := fmt.Sprintf("18fe3400000%d", i)
		if status, _ := other.asks(mac, "v1.0.0"); status != "400" {
			t.Fatalf("before its permit a board got %q", status)
		}
		s.call("PUT", "/api/v1/devices/"+mac, `{"platform":"smart-lamp"}`)
		permitted := time.Now()
		until(t, "the board gets the image", func() bool {
			status, body := other.asks(mac, "v1.0.0")
			return status == "200" && bytes.Equal(body, image)
		})
		times = append(times, time.Since(permitted))
	}
	t.Logf("from a permit to the image from another process: %v", times)
}

// TestAnyProcessServes holds that it does not matter which process a person or a
// board gets to.
func TestAnyProcessServes(t *testing.T) {
	s := newSite(t, dbtest.Postgres(t))
	other := s.beside()
	person := newBrowser(t, s.process)
	image := app("smart-lamp", "v1.0.1")
	body, kind := fileForm(t, image)
	status, page := person.send(s.process, "POST", "/uploads", body, "Content-Type: "+kind, "HX-Request: true")
	draft := between(page, `name="upload" value="`, `"`)
	if status != http.StatusOK || draft == "" {
		t.Fatalf("an upload: %d %s", status, page)
	}
	form := "upload=" + draft + "&platform=smart-lamp&version=v1.0.1"
	if status, page := person.send(other, "POST", "/platforms/smart-lamp/firmware", form); status != http.StatusSeeOther {
		t.Fatalf("publishing by the other process: %d %s", status, page)
	}
	for _, p := range []*process{s.process, other} {
		until(t, "the image is sent", func() bool {
			status, got := p.asks("18FE34AABBCC", "v1.0.0")
			return status == "200" && bytes.Equal(got, image)
		})
	}
	s.counts(2)
	stranger, refused := newBrowser(t, other), 0
	for i := range 12 { // each would let so many through if it counted alone
		p := []*process{s.process, other}[i%2]
		if status, _ = stranger.send(p, "POST", "/session", "email=a@example.com&password=wrong"); status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 {
		t.Error("guesses at two processes are counted apart")
	}
	if status, _ := person.send(s.process, "POST", "/session?_method=DELETE", ""); status != http.StatusSeeOther {
		t.Errorf("signing out: %d", status)
	}
	if status, _ := person.send(other, "GET", "/devices", ""); status != http.StatusSeeOther {
		t.Errorf("who signed out is still in at the other process: %d", status)
	}
}
