package handlers_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/live"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// event is one message of a live stream.
type event struct{ name, data, id string }

// listenTo opens the stream of a page and hands on its events, the last one
// named end.
func listenTo(t *testing.T, base, cookie, query string) <-chan event {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/live?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", cookie)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != 200 || kind != "text/event-stream" {
		t.Fatalf("%d, %s", answer.StatusCode, kind)
	}
	if answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("X-Accel-Buffering") != "no" || answer.Header.Get("Content-Encoding") != "" {
		t.Errorf("%v", answer.Header)
	}
	events := make(chan event, 1000)
	go func() {
		defer func() { events <- event{name: "end"} }()
		defer answer.Body.Close()
		var e event
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "":
				events <- e
				e = event{}
			case "id":
				e.id = value
			case "event":
				e.name = value
			case "data":
				e.data += value + "\n"
			}
		}
	}()
	return events
}

// next is the next event of a name; it fails the test when none comes in time.
func next(t *testing.T, events <-chan event, name string) event {
	t.Helper()
	for late := time.After(patience); ; {
		select {
		case e := <-events:
			if e.name == name {
				return e
			}
			if e.name == "end" {
				t.Fatalf("the stream ended before %s", name)
			}
		case <-late:
			t.Fatalf("no %s within %s", name, patience)
		}
	}
}

func now() string { return fmt.Sprint("&since=", time.Now().UnixMilli()) }

// TestChangesReachThePage holds that a write is seen, in the same rows that the
// page has.
func TestChangesReachThePage(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		base, cookie := "http://"+serve(t, d), sessionOf(t, d, "admin@example.com")
		time.Sleep(1100 * time.Millisecond) // what was set up is older than the page
		events := listenTo(t, base, cookie, "on=fleet&rows=a4cf12b3c401,a4cf12b3c404"+now())
		next(t, events, "beat")

		start := time.Now()
		board(t, base, "A4:CF:12:B3:C4:01", "dev=smart-lamp&ver=v1.0.2")
		row := next(t, events, "rows")
		t.Logf("a check-in was told after %s", time.Since(start))
		doc := document(t, row.data)
		if got := doc.Find("tr#device-a4cf12b3c401 .mark").Text(); !strings.Contains(got, "up to date") || doc.Find("tr").Length() != 1 {
			t.Errorf("%s", row.data)
		}

		board(t, base, "A4:CF:12:B3:C4:77", "dev=smart-lamp&ver=v1.0.2")
		if e := next(t, events, "new"); !strings.Contains(e.data, ">3<") {
			t.Errorf("%s", e.data)
		}
		next(t, events, "page")
	})
}

// TestTwoProcessesShareChanges holds that what one process changes is seen on the
// pages of another.
func TestTwoProcessesShareChanges(t *testing.T) {
	t.Parallel()
	c := dbtest.Postgres(t)
	d, _, join := process(t, c)
	here := "http://" + serve(t, d, join)
	other, _, join := process(t, c)
	there := "http://" + serve(t, other, join)
	fillFleet(t, d)
	time.Sleep(1100 * time.Millisecond)
	events := listenTo(t, there, sessionOf(t, d, "admin@example.com"), "rows=a4cf12b3c401"+now())
	next(t, events, "beat")
	start := time.Now()
	board(t, here, "A4:CF:12:B3:C4:01", "dev=smart-lamp&ver=v1.0.2")
	next(t, events, "rows")
	t.Logf("another process told after %s", time.Since(start))
}

// TestAFloodIsFolded holds that however busy the fleet, a page gets a few events
// a second.
func TestAFloodIsFolded(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	hub := live.NewHub()
	base := "http://" + serve(t, d, func(c *handlers.Config) { c.Hub = hub })
	events := listenTo(t, base, sessionOf(t, d, "admin@example.com"), "on=device:&rows=a4cf12b3c401,a4cf12b3c404"+now())
	next(t, events, "beat")
	start := time.Now()
	for time.Since(start) < 2*time.Second {
		hub.Publish(live.Device+"a4cf12b3c401", live.Device+"a4cf12b3c404")
		time.Sleep(200 * time.Microsecond)
	}
	next(t, events, "rows")
	count := map[string]int{}
	for len(events) > 0 {
		count[(<-events).name]++
	}
	if most := int(5 * time.Since(start).Seconds()); count["rows"] > most || count["page"] > most {
		t.Errorf("%v within %s", count, time.Since(start))
	}
}

// TestWhatWasMissedIsToldAtOnce holds that a page which comes back gets all its
// rows when nobody knows any more which of them changed.
func TestWhatWasMissedIsToldAtOnce(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	base, cookie := "http://"+serve(t, d), sessionOf(t, d, "admin@example.com")
	events := listenTo(t, base, cookie, "rows=a4cf12b3c401,a4cf12b3c404,a4cf12b3c4ff&since=1000")
	if row := next(t, events, "rows"); strings.Count(row.data, "<tr") != 2 {
		t.Errorf("%s", row.data)
	}
	if e := next(t, events, "gone"); strings.TrimSpace(e.data) != "a4cf12b3c4ff" {
		t.Errorf("%s", e.data)
	}
	next(t, events, "page")
}

// TestWhoMayListen holds that nobody listens who may not look, and that a viewer
// sees no buttons.
func TestWhoMayListen(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	app := newApp(t, d)
	ask(t, app, request{path: "/live"}).wants(t, 303)
	ask(t, app, request{path: "/live", as: signedIn(t, d, account.Plain)}).wants(t, 403)
	viewer := signedIn(t, d, account.Viewer)
	ask(t, app, request{method: "HEAD", path: "/live", as: viewer}).wants(t, 204)
	events := listenTo(t, "http://"+serve(t, d), viewer, "rows=a4cf12b3c401&since=1000")
	if row := next(t, events, "rows"); strings.Contains(row.data, "<button") || strings.Contains(row.data, "/edit") {
		t.Errorf("%s", row.data)
	}
}

// TestStoppingEndsStreams holds that an open page does not hold a stop up.
func TestStoppingEndsStreams(t *testing.T) {
	t.Parallel()
	for name, closeHub := range map[string]bool{"hub closed first": true, "hub forgotten": false} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.Open(t, dbtest.SQLite(t))
			fillFleet(t, d)
			hub := live.NewHub()
			app := newApp(t, d, func(c *handlers.Config) { c.Hub = hub })
			l, err := handlers.Listen("127.0.0.1:0", slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			go func() { _ = app.Listener(l) }()
			events := listenTo(t, "http://"+l.Addr().String(), sessionOf(t, d, "admin@example.com"), now()[1:])
			next(t, events, "beat")
			if closeHub {
				hub.Close()
			}
			if err := app.ShutdownWithTimeout(10 * time.Second); err != nil { // a stream looks by itself after 25
				t.Error(err)
			}
			if hub.Listeners() != 0 {
				t.Error("a listener is left")
			}
		})
	}
}

// TestABusyStreamBeats holds that a page which is told nothing of all that goes
// on hears that the stream lives, is looked at for who listens, and is let go
// when nobody does.
func TestABusyStreamBeats(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	hub := live.NewHub()
	base := "http://" + serve(t, d, func(c *handlers.Config) { c.Hub = hub })
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond):
				hub.Publish(live.Device + "a4cf12b3c404")
			}
		}
	}()
	cookie := sessionOf(t, d, "admin@example.com")
	events := listenTo(t, base, cookie, "rows=a4cf12b3c401"+now())
	next(t, events, "beat")
	next(t, events, "beat")
	ask(t, newApp(t, d), request{method: "DELETE", path: "/session", as: cookie})
	next(t, events, "end")
	for late := time.After(patience); hub.Listeners() > 0; time.Sleep(10 * time.Millisecond) {
		select {
		case <-late:
			t.Fatal("a listener is left")
		default:
		}
	}
}

// TestABoardWritesNoEvents holds that what a board says stays the text of a row.
func TestABoardWritesNoEvents(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	base := "http://" + serve(t, d)
	r, err := http.NewRequest(http.MethodGet, base+"/live?rows=a4cf12b3c401"+now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", sessionOf(t, d, "admin@example.com"))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	board(t, base, "A4:CF:12:B3:C4:01", "dev=smart-lamp&ver=x%0Devent:gone%0D%0Aevent:gone%0Devent:gone%0Ddata:a4cf12b3c401%0D%0D")
	lineEnd := regexp.MustCompile(`\r\n|\r|\n`)
	for seen, lines := false, bufio.NewReader(answer.Body); !seen; {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lineEnd.Split(strings.TrimSuffix(line, "\n"), -1) {
			if strings.HasPrefix(l, "event:gone") {
				t.Fatalf("%q", line)
			}
		}
		seen = strings.Contains(line, "</tr>")
	}
}
