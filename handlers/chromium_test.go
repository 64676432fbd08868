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
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// tab is a tab of a real Chromium on the pages of a server.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string

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
		chromedp.ExecPath(chromium(t)), chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
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

// openTab opens a tab that shares nothing with others.
func openTab(t *testing.T, browser context.Context, base string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 6*time.Minute) // for a walk of all pages on a slow machine
	t.Cleanup(cancel)
	b := &tab{t: t, base: base, ctx: ctx}
	call(b, page.Enable, page.EnableParams{})
	call(b, cdplog.Enable, struct{}{})
	call(b, runtime.Enable, struct{}{})
	call(b, network.Enable, network.EnableParams{})
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
		if e.Request.Method != "GET" {
			b.changes++
		}
	case *page.EventJavascriptDialogOpening:
		b.dialogs = append(b.dialogs, e.Message)
		go func() {
			_, _ = chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}()
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) visit(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + path))
}

func (b *tab) resize(width int64) {
	b.t.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 800, DeviceScaleFactor: 1, Mobile: width < 600})
}

// scheme chooses the light or the dark look, which comes at once for who asked for
// less motion.
func (b *tab) scheme(value string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("document.querySelector(%q)", selector))
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// write replaces what is in a field, key by key.
func (b *tab) write(selector, text string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("document.querySelector(%q)", selector))
	b.eval(fmt.Sprintf("document.querySelector(%q).select()", selector))
	b.do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

// press presses keys, each with its character in one event: chromedp's own sends
// that after the page had time to react to the key, and an Enter that opened a form
// would send it too.
func (b *tab) press(keys string) {
	b.t.Helper()
	for _, key := range keys {
		events := kb.Encode(key)
		if len(events) == 3 {
			events[0].Text, events[0].UnmodifiedText = events[1].Text, events[1].UnmodifiedText
		}
		call(b, input.DispatchKeyEvent, *events[0])
		call(b, input.DispatchKeyEvent, *events[len(events)-1])
	}
}

// eval is the value of an expression as text.
func (b *tab) eval(script string) string {
	b.t.Helper()
	out, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("String("+script+")"))
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return out
}

// wait waits until an expression holds.
func (b *tab) wait(script string) {
	b.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		held, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+script+")"))
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

// drop lets go of files over an element, as from a file manager.
func (b *tab) drop(selector string, files ...string) {
	b.t.Helper()
	var x, y float64
	at := b.eval(fmt.Sprintf("(r => (r.x + r.width / 2) + ' ' + (r.y + r.height / 2))(document.querySelector(%q).getBoundingClientRect())", selector))
	if _, err := fmt.Sscan(at, &x, &y); err != nil {
		b.t.Fatal(err)
	}
	data := &input.DragData{Items: []*input.DragDataItem{}, Files: files, DragOperationsMask: 1}
	for _, kind := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
		call(b, input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: x, Y: y, Data: data})
	}
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
	if _, err := chromedp.Call(b.ctx, command, params); err != nil {
		b.t.Fatal(err)
	}
}

var reload = chromedp.Reload()

// accessible fails the test for what axe-core finds wrong with the page as it is.
func (b *tab) accessible(where string) {
	b.t.Helper()
	script, err := os.ReadFile("../scripts/testdata/axe-core/axe.min.js")
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[any](string(script)+";0")); err != nil {
		b.t.Fatal(err)
	}
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](
		`axe.run({resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id + ": " + v.nodes.map(n => n.target).join(" ")).join("\n"))`,
		chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	if found != "" {
		b.t.Errorf("axe-core on %s:\n%s", where, found)
	}
}

// fleetTab is a tab of an admin on a server with a small fleet.
func fleetTab(t *testing.T, browser context.Context, changes ...func(*handlers.Config)) *tab {
	t.Helper()
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	b := openTab(t, browser, "http://"+serve(t, d, changes...))
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
