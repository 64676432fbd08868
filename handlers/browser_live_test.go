package handlers_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"

	"esp-update-server/app/account"
	"esp-update-server/app/live"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// rowsChangeByThemselves holds the figure of the issue, and that what a person
// does in the table is not disturbed.
func rowsChangeByThemselves(t *testing.T, browser context.Context) {
	b := fleetTab(t, browser)
	b.visit("/devices")
	b.sees("#device-a4cf12b3c401", "refused") // it asked before it was permitted
	b.eval("(window.loaded = 'once')")
	b.listens()

	start := time.Now()
	board(t, b.base, "A4:CF:12:B3:C4:01", "dev=smart-lamp&ver=v1.0.2")
	b.sees("#device-a4cf12b3c401", "up to date")
	took := time.Since(start)
	t.Logf("from the board's request to the changed row: %s", took)
	if took > time.Second {
		t.Errorf("it took %s", took)
	}
	b.wait("document.querySelector('#device-a4cf12b3c401.is-fresh')")
	b.wait("!document.querySelector('.is-fresh')")
	b.wait("document.querySelector('#device-a4cf12b3c401 time').title.match(/UTC|GMT|[0-9]:[0-9]/)")

	b.click("#device-a4cf12b3c404 .c-notes a.cell")
	b.wait("document.activeElement.id == 'notes-a4cf12b3c404'")
	b.press("half a sent")
	board(t, b.base, "A4:CF:12:B3:C4:04", "dev=smart-lamp&ver=v0.9.0")
	board(t, b.base, "A4:CF:12:B3:C4:01", "dev=smart-lamp&ver=v1.0.0")
	b.sees("#device-a4cf12b3c401", "behind")
	b.press("ence")
	if got := b.eval("document.activeElement.value"); got != "half a sentence" {
		t.Errorf("what was typed became %q", got)
	}
	b.press("\r")
	b.sees("#device-a4cf12b3c404", "half a sentence")
	b.sees("#device-a4cf12b3c404", "v0.9.0")
	if b.eval("window.loaded") != "once" {
		t.Error("the page was loaded again")
	}
	b.quiet()
}

// overviewTellsWhatHappens holds that the first page and the count in the bar
// change by themselves.
func overviewTellsWhatHappens(t *testing.T, browser context.Context) {
	b := fleetTab(t, browser)
	b.visit("/")
	b.sees(".states a[href='/new-devices']", "2 new")
	b.accessible("the overview")
	b.listens()
	start := time.Now()
	board(t, b.base, "A4:CF:12:B3:C4:55", "dev=smart-lamp&ver=v1.0.2")
	b.sees("#feed-list li", "A4:CF:12:B3:C4:55 asked for the first time as smart-lamp, running v1.0.2")
	if took := time.Since(start); took > time.Second {
		t.Errorf("from the board's request to the feed it took %s", took)
	}
	b.sees("#new-count", "3")
	b.sees(".states a[href='/new-devices']", "3 new")
	b.sees("#check-ins-summary", "In the last hour")
	board(t, b.base, "A4:CF:12:B3:C4:01", "dev=smart-lamp&ver=v1.0.2")
	b.sees("#feed-list li", "A4:CF:12:B3:C4:01 updated from v1.0.1 to v1.0.2")
	b.quiet()
}

// aLostConnectionIsTold holds that the page says so, comes back by itself and
// has what it missed; a hidden tab lets go of its stream.
func aLostConnectionIsTold(t *testing.T, browser context.Context) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	hub := live.NewHub()
	server := serve(t, d, func(c *handlers.Config) { c.Hub = hub })
	p := newCable(t, server)
	b := openTab(t, browser, "http://"+p.address)
	name, value, _ := strings.Cut(sessionOf(t, d, "admin@example.com"), "=")
	call(b, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: b.base})
	b.visit("/devices")
	b.until(func() bool { return hub.Listeners() == 1 })

	p.cut()
	b.sees("#live-state", "The connection to the server is lost")
	board(t, "http://"+server, "A4:CF:12:B3:C4:01", "dev=smart-lamp&ver=v1.0.2")
	p.mend()
	b.sees("#live-state", "Connected again")
	b.sees("#device-a4cf12b3c401", "up to date")

	b.eval("Object.defineProperty(document, 'hidden', {configurable: true, value: true}) && document.dispatchEvent(new Event('visibilitychange'))")
	hub.Publish(live.Device + "a4cf12b3c401") // the server sees that somebody left when it writes
	b.until(func() bool { hub.Publish(live.Device + "a4cf12b3c401"); return hub.Listeners() == 0 })
	board(t, "http://"+server, "A4:CF:12:B3:C4:01", "dev=smart-lamp&ver=v1.0.0")
	b.eval("delete document.hidden && document.dispatchEvent(new Event('visibilitychange'))")
	b.sees("#device-a4cf12b3c401", "behind")
}

// newDevicesAppear holds that the queue grows by itself, the first board's row
// included, but not under the pointer.
func newDevicesAppear(t *testing.T, browser context.Context) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	b := openTab(t, browser, "http://"+serve(t, d))
	name, value, _ := strings.Cut(signedIn(t, d, account.Admin), "=")
	call(b, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: b.base})
	b.visit("/new-devices")
	b.listens()
	board(t, b.base, "A4:CF:12:B3:C4:01", "dev=smart-lamp&ver=v1.0.2")
	b.sees("#new-device-a4cf12b3c401", "smart-lamp")
	board(t, b.base, "A4:CF:12:B3:C4:02", "dev=smart-lamp&ver=v1.0.2")
	b.sees("#new-devices tr:first-child", "A4:CF:12:B3:C4:02")
	b.eval("document.querySelector('#new-device-a4cf12b3c401 select').focus()")
	board(t, b.base, "A4:CF:12:B3:C4:03", "dev=smart-lamp&ver=v1.0.2")
	b.sees("#devices-news", "1 new: show")
	if b.eval("document.querySelector('#new-device-a4cf12b3c403')") != "null" {
		t.Error("a row moved what has the focus")
	}
	b.eval("document.activeElement.blur()")
	b.sees("#new-devices tr:first-child", "A4:CF:12:B3:C4:03")
	b.wait("document.querySelector('#devices-news').hidden")
	b.quiet()
}

// keysGoPlaces holds the shortcuts, and that they are letters while one types.
func keysGoPlaces(t *testing.T, browser context.Context) {
	b := fleetTab(t, browser)
	b.visit("/")
	b.press("?")
	b.wait("document.querySelector('#shortcuts').open")
	b.accessible("the shortcuts")
	b.press("\x1b")
	b.wait("!document.querySelector('#shortcuts').open")
	for _, keys := range []string{"gd /devices", "gp /platforms", "gn /new-devices", "u /uploads/new", "go /"} {
		press, path, _ := strings.Cut(keys, " ")
		b.press(press)
		b.wait("location.pathname == '" + path + "' && document.readyState == 'complete'")
	}
	b.press("/")
	b.wait("document.activeElement.id == 'search'")
	b.press("go?u")
	if got := b.eval("document.activeElement.value + location.pathname"); !strings.HasSuffix(got, "go?u/") {
		t.Errorf("%q", got)
	}
	b.quiet()
}

// listens waits until the page's stream is open: what it shows is told from then
// on at the latest.
func (b *tab) listens() {
	b.t.Helper()
	b.wait("performance.getEntriesByType('resource').length > 0 && document.readyState == 'complete'")
}

// until waits until something holds here.
func (b *tab) until(holds func() bool) {
	b.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if holds() {
			return
		}
	}
	b.t.Fatal("never")
}

// cable is a connection to a server that can be cut and mended.
type cable struct {
	t       *testing.T
	address string
	server  string
	mu      sync.Mutex
	listens net.Listener
	open    []net.Conn
}

func newCable(t *testing.T, server string) *cable {
	c := &cable{t: t, server: server, address: "127.0.0.1:0"}
	c.mend()
	t.Cleanup(c.cut)
	return c
}

func (c *cable) mend() {
	l, err := net.Listen("tcp", c.address)
	if err != nil {
		c.t.Fatal(err)
	}
	c.listens, c.address = l, l.Addr().String()
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", c.server)
			if err != nil {
				_ = near.Close()
				return
			}
			c.mu.Lock()
			c.open = append(c.open, near, far)
			c.mu.Unlock()
			go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
			go func() { _, _ = io.Copy(near, far); _ = near.Close() }()
		}
	}()
}

func (c *cable) cut() {
	_ = c.listens.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.open {
		_ = one.Close()
	}
	c.open = nil
}
