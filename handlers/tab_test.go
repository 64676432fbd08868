package handlers_test

import (
	"fmt"
	"os"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"esp-update-server/db/dbtest"
)

func (b *tab) resize(width int64) {
	b.t.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 800, DeviceScaleFactor: 1, Mobile: width < 600})
}

// leavesAlone takes the pointer to a corner: a list waits for it to leave.
func (b *tab) leavesAlone() {
	b.t.Helper()
	call(b, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved})
}

// undoes takes back what was just done, however long ago that is on a slow machine.
func (b *tab) undoes() {
	b.t.Helper()
	dbtest.KeepRemovals(b.t, b.kept)
	b.click("#flash .undo button")
}

// scheme chooses the light or the dark look, which comes at once for who asked for
// less motion.
func (b *tab) scheme(value string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
}

// reaches waits until something is on a page that is there whole: before, its
// scripts do not listen yet, and what is still to come moves what is there.
func (b *tab) reaches(selector string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("document.readyState == 'complete' && document.querySelector(%q)", selector))
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.reaches(selector)
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// write replaces what is in a field, key by key.
func (b *tab) write(selector, text string) {
	b.t.Helper()
	b.reaches(selector)
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

// drop lets go of files over an element, as from a file manager.
func (b *tab) drop(selector string, files ...string) {
	b.t.Helper()
	b.reaches(selector)
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

// accessible fails the test for what axe-core finds wrong with the page as it is.
func (b *tab) accessible(where string) {
	b.t.Helper()
	script, err := os.ReadFile("../scripts/testdata/axe-core/axe.min.js")
	if err != nil {
		b.t.Fatal(err)
	}
	b.reaches("body")
	b.run(string(script) + ";''")
	// Colours that are on their way to others have the contrast of neither.
	b.eval("document.getAnimations().forEach(a => { try { a.finish() } catch { /* it never ends */ } })")
	if found := b.awaits(`axe.run({resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id + ": " + v.nodes.map(n => n.target).join(" ")).join("\n"))`); found != "" {
		b.t.Errorf("axe-core on %s:\n%s", where, found)
	}
}
