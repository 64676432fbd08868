package handlers_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

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

	b.notesMoves("a4cf12b3c401")
	start := time.Now()
	board(t, b.base, "A4:CF:12:B3:C4:01", "dev=smart-lamp&ver=v1.0.2")
	b.sees("#device-a4cf12b3c401", "up to date")
	t.Logf("from the board's request to the changed row: %s", time.Since(start))
	b.wait("window.moves.includes('fresh')")
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

// notesMoves keeps in window.moves how the row of a device moves when it changes,
// which is over before a slow machine looks.
func (b *tab) notesMoves(key string) {
	b.t.Helper()
	b.eval(fmt.Sprintf(`(row => {
		window.moves = [];
		new MutationObserver(() => document.querySelector(row) && moves.push(getComputedStyle(document.querySelector(row)).animationName))
			.observe(document.body, { subtree: true, childList: true, attributeFilter: ['class'] });
	})(%q)`, "#device-"+key+".is-fresh"))
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
	b.signsInBy(sessionOf(t, d, "admin@example.com"))
	b.visit("/devices")
	b.until(func() bool { return hub.Listeners() == 1 })

	// What it says when it is back stands for five seconds: the page notes it.
	b.eval("(state => new MutationObserver(() => window.said += state.textContent).observe(state, { childList: true }, window.said = ''))(document.querySelector('#live-state'))")
	p.cut()
	b.sees("#live-state", "The connection to the server is lost")
	board(t, "http://"+server, "A4:CF:12:B3:C4:01", "dev=smart-lamp&ver=v1.0.2")
	p.mend()
	b.wait("said.includes('Connected again')")
	b.sees("#device-a4cf12b3c401", "up to date")

	b.eval("Object.defineProperty(document, 'hidden', {configurable: true, value: true}) && document.dispatchEvent(new Event('visibilitychange'))")
	hub.Publish(live.Device + "a4cf12b3c401") // the server sees that somebody left when it writes
	b.until(func() bool { hub.Publish(live.Device + "a4cf12b3c401"); return hub.Listeners() == 0 })
	board(t, "http://"+server, "A4:CF:12:B3:C4:01", "dev=smart-lamp&ver=v1.0.0")
	b.eval("delete document.hidden && document.dispatchEvent(new Event('visibilitychange'))")
	b.sees("#device-a4cf12b3c401", "behind")
}

// whatIsDeletedIsTold holds that a page says when what it shows was deleted
// elsewhere, until it is back.
func whatIsDeletedIsTold(t *testing.T, browser context.Context) {
	b := fleetTab(t, browser)
	for path, back := range map[string]func(){
		"/platforms/smart-lamp": func() { b.remotely("POST", "/platforms?name=smart-lamp") },
		"/devices/a4cf12b3c404": func() { board(t, b.base, "A4:CF:12:B3:C4:04", "dev=smart-lamp&ver=v1.0.0") },
	} {
		b.visit(path)
		b.listens()
		b.remotely("POST", path+"?_method=DELETE")
		b.sees("#live-state", "What this page shows was deleted or forgotten meanwhile")
		b.accessible("a page of what is deleted")
		back()
		b.wait("!document.querySelector('#live-state').textContent.trim()")
	}
	b.quiet()
}

// remotely sends a form as another tab of this person would.
func (b *tab) remotely(method, path string) {
	b.t.Helper()
	address, query, _ := strings.Cut(path, "?")
	b.awaits(fmt.Sprintf("fetch(%q, {method: %q, body: new URLSearchParams(%q), redirect: 'manual'}).then(answer => answer.type)", address+"?"+query, method, query))
}

// foreignTextTurnsNothing holds that what a board made up, in letters that run
// from right to left or with marks that turn the direction, leaves the words
// beside it as they are.
func foreignTextTurnsNothing(t *testing.T, browser context.Context) {
	b := fleetTab(t, browser)
	for mac, name := range map[string]string{"A4:CF:12:B3:C4:71": "\u202eturned", "A4:CF:12:B3:C4:72": "\u0645\u0635\u0628\u0627\u062d"} {
		board(t, b.base, mac, "ver=v1.0.0&dev="+url.QueryEscape(name))
	}
	b.visit("/")
	b.sees("#feed-list", "A4:CF:12:B3:C4:71 asked for the first time")
	b.sees("#feed-list", "A4:CF:12:B3:C4:72 asked for the first time")
	if got := b.eval(`[...document.querySelectorAll("#feed-list li > span")].map((line) => {
		const text = line.lastChild, from = text.data.indexOf("running ");
		const at = (n) => { const r = document.createRange(); r.setStart(text, n); r.setEnd(text, n + 1); return r.getBoundingClientRect(); };
		return from < 0 || at(from).left < at(from + 6).left || at(from).top < at(from + 6).top;
	}).join()`); strings.Contains(got, "false") {
		t.Errorf("words of these lines run backwards: %s", got)
	}
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
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if holds() {
			return
		}
	}
	b.t.Fatal("never")
}

// cable is a connection to a server that can be cut and mended. While it is cut
// its address stays taken, or another program could get it.
type cable struct {
	address string
	server  string
	mu      sync.Mutex
	isCut   bool
	open    []net.Conn
}

func newCable(t *testing.T, server string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{server: server, address: l.Addr().String()}
	t.Cleanup(func() { _ = l.Close(); c.cut() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			c.join(near)
		}
	}()
	return c
}

// join leads a connection on to the server.
func (c *cable) join(near net.Conn) {
	far, err := net.Dial("tcp", c.server)
	if err != nil {
		_ = near.Close()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isCut {
		_, _ = near.Close(), far.Close()
		return
	}
	c.open = append(c.open, near, far)
	go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
	go func() { _, _ = io.Copy(near, far); _ = near.Close() }()
}

func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isCut = false
}

func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isCut = true
	for _, one := range c.open {
		_ = one.Close()
	}
	c.open = nil
}
