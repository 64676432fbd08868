package handlers_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// tab is a tab of a real Chromium on the pages of a server.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string
	kept db.Config // the database of the server, where a test needs it

	mu      sync.Mutex
	console []string // what the console reports, refused requests aside
	dialogs []string // what was asked, and accepted
	changes int      // requests to change something
}

// chromium is the path of a Chromium. Where there is none the test is not run,
// and fails in CI.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" || os.Getenv("ESP_REQUIRE_ALL") != "" {
		t.Fatal("there is no Chromium: run scripts/test")
	}
	t.Skip("there is no Chromium: not tried in a browser")
	return ""
}

// startChromium starts a Chromium for the length of a test.
func startChromium(t *testing.T) context.Context {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(chromium(t)), chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		// What is pressed before a page was drawn for the first time would be lost.
		chromedp.Flag("allow-pre-commit-input", true),
		// Nothing is given up because the machine is busy.
		chromedp.Flag("disable-hang-monitor", true), chromedp.Flag("disable-gpu-watchdog", true),
		chromedp.Flag("disable-renderer-backgrounding", true), chromedp.Flag("disable-background-timer-throttling", true),
	}
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it refuses to run as root with one
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// keepNotices keeps what goes from a page by itself after some seconds, a notice:
// a slow machine would look for it too late. Window.expired is what takes it away.
const keepNotices = `{
	const after = setTimeout;
	window.expired = [];
	window.setTimeout = (what, ms, ...rest) => rest[0] instanceof Element ? expired.push(() => what(...rest)) : after(what, ms, ...rest);
}`

// openTab opens a tab that shares nothing with others.
func openTab(t *testing.T, browser context.Context, base string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b := &tab{t: t, base: base, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	call(b, page.Enable, page.EnableParams{})
	call(b, cdplog.Enable, struct{}{})
	call(b, runtime.Enable, struct{}{})
	call(b, network.Enable, network.EnableParams{})
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: keepNotices})
	if err := chromedp.Listen(b.ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	b.resize(1280)
	return b
}

// hear keeps what the browser reports, and accepts its questions.
func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *cdplog.EventEntryAdded:
		if e.Entry.Level != cdplog.EntryLevelInfo && !strings.HasPrefix(e.Entry.Text, "Failed to load resource: the server responded with a status of 4") {
			b.console = append(b.console, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		b.console = append(b.console, e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		if e.Request.Method != "GET" && e.Request.Method != "HEAD" { // by which a page asks whether it is still let in
			b.changes++
		}
	case *page.EventJavascriptDialogOpening:
		b.dialogs = append(b.dialogs, e.Message)
		go func() {
			_, _ = chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}()
	}
}

// patiently is the context of one step.
func (b *tab) patiently() (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.ctx, patience)
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := b.patiently()
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) visit(path string) {
	b.t.Helper()
	b.leavesAlone()
	b.do(chromedp.Navigate(b.base + path))
}

// eval is the value of an expression as text.
func (b *tab) eval(script string) string {
	b.t.Helper()
	return b.run("String(" + script + ")")
}

// awaits is the text that an expression promises.
func (b *tab) awaits(script string) string {
	b.t.Helper()
	return b.run(script, chromedp.EvalAwaitPromise)
}

func (b *tab) run(script string, options ...chromedp.EvaluateOption) string {
	b.t.Helper()
	ctx, cancel := b.patiently()
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, options...))
	if err != nil {
		b.t.Fatalf("%.500s: %v", script, err)
	}
	return out
}

// wait waits until an expression holds.
func (b *tab) wait(script string) {
	b.t.Helper()
	ctx, cancel := b.patiently()
	defer cancel()
	for ; ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		held, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+script+")"))
		if err == nil && held {
			return
		}
	}
	b.t.Fatalf("never: %s\nat %s:\n%s", script, b.eval("location"), b.eval("document.body.innerText"))
}

// sees waits until a text is at a selector.
func (b *tab) sees(selector, text string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("[...document.querySelectorAll(%q)].some(e => e.textContent.replace(/\\s+/g, ' ').includes(%q))", selector, text))
}

// heard is how many questions were asked and how many changes requested so far.
func (b *tab) heard() (dialogs, changes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.dialogs), b.changes
}

// quiet fails the test when the console reported anything, a breach of the
// policy on content above all.
func (b *tab) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.console {
		b.t.Errorf("the console reports: %s", line)
	}
}

func call[P, R any](b *tab, command cdp.Command[P, R], params P) {
	b.t.Helper()
	ctx, cancel := b.patiently()
	defer cancel()
	if _, err := chromedp.Call(ctx, command, params); err != nil {
		b.t.Fatal(err)
	}
}

var reload = chromedp.Reload()

// fleetTab is a tab of an admin on a server with a small fleet.
func fleetTab(t *testing.T, browser context.Context, changes ...func(*handlers.Config)) *tab {
	t.Helper()
	kept := dbtest.SQLite(t)
	d := dbtest.Open(t, kept)
	fillFleet(t, d)
	b := openTab(t, browser, "http://"+serve(t, d, changes...))
	b.kept = kept
	b.signsInBy(sessionOf(t, d, "admin@example.com"))
	return b
}

// signsInBy is signed in from now on by a session's cookie.
func (b *tab) signsInBy(cookie string) {
	b.t.Helper()
	name, value, _ := strings.Cut(cookie, "=")
	call(b, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: b.base})
}

// ownAddress is this machine's address in its network, as people reach a server
// there. Browsers trust it less than localhost: no clipboard, no secure context.
// A machine without a network has the loopback alone.
func ownAddress() string {
	addresses, _ := net.InterfaceAddrs()
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok && !ip.IP.IsLoopback() && ip.IP.To4() != nil {
			return ip.IP.String()
		}
	}
	return "127.0.0.1"
}
