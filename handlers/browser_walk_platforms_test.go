package handlers_test

import (
	"strings"

	"github.com/chromedp/cdproto/network"

	"esp-update-server/app/firmware/firmwaretest"
)

// keepsPlatform edits the notes of a platform in place, and adds a board by its
// MAC.
func (w *walk) keepsPlatform() {
	w.visit("/platforms/smart-lamp")
	w.click("#platform-notes a")
	w.wait("document.activeElement.id == 'notes'")
	w.accessible("notes of a platform that are edited")
	w.write("#notes", "Bulbs on the second floor")
	w.click("#platform-notes button")
	w.sees("#platform-notes .notes-text", "Bulbs on the second floor")
	w.write("#mac", "a4cf12b3c4")
	w.press("\r")
	w.sees("#mac-error", "not a MAC address")
	w.write("#mac", "a4-cf-12-b3-c4-09")
	w.press("\r")
	w.sees("#device-a4cf12b3c409", "waiting")
	w.wait("document.activeElement.id == 'mac' && document.activeElement.value == ''")
}

// copiesSketches works where the browser gives pages no clipboard too, and says
// so to those who listen.
func (w *walk) copiesSketches() {
	for _, clipboard := range []string{"undefined", "{writeText: async (text) => { window.copied = text }}"} {
		w.visit("/platforms/smart-lamp")
		w.eval("Object.defineProperty(navigator, 'clipboard', {value: " + clipboard + "})")
		w.eval("document.addEventListener('copy', () => window.copied = String(getSelection()))")
		w.click(".sketch summary")
		w.accessible("an open sketch")
		w.click("[data-copy=sketch-esp32]")
		w.sees(".copied", "Copied")
		w.wait(`window.copied.includes('#define PLATFORM "smart-lamp"') && window.copied.includes("void loop() {\n") && window.copied.includes("` + w.address + `")`)
	}
}

// changesOffer withdraws a release, so that the one before is offered again, and
// offers it anew.
func (w *walk) changesOffer() {
	w.drop("h1", saved(w.t, "lamp.bin", firmwaretest.Lamp("v1.0.3")))
	w.wait("document.activeElement.matches('[data-primary]')")
	w.press("\r")
	w.click("#report-1 a[data-primary]")
	w.click("tr.is-offered .c-act a")
	w.sees("h1", "Withdraw v1.0.3 of smart-lamp?")
	w.accessible("the question before a release is withdrawn")
	w.click(".danger")
	w.sees("#flash", "v1.0.3 is withdrawn: smart-lamp offers v1.0.2 again.")
	w.sees("tr.is-offered", "v1.0.2")
	w.accessible("a platform with a withdrawn release")
	w.click("table.releases tbody tr:first-child .c-act a")
	w.sees("h1", "Offer v1.0.3 of smart-lamp?")
	w.accessible("the question before a release is offered")
	w.click("main form button")
	w.sees("tr.is-offered", "v1.0.3")
}

// looksAtDevice reads what a board reported, edits its notes, and hears live
// what happens to it.
func (w *walk) looksAtDevice() {
	w.visit("/devices/a4cf12b3c401")
	w.sees("#device-history li", "It was offered v1.0.2 of smart-lamp; it runs v1.0.1.")
	w.sees("#device-mark", "behind")
	w.write("#notes", "By the window")
	w.click("form.stack button[type=submit]")
	w.sees("#flash", "A4:CF:12:B3:C4:01 is saved")
	w.listens()
	w.asks("A4:CF:12:B3:C4:01", "garden-pump", "v1.0.1")
	w.sees("#device-mark", "refused")
}

// deletesPlatform takes door-sensor from its devices, which the open page of one
// tells by itself.
func (w *walk) deletesPlatform() {
	open := openTab(w.t, w.chromium, w.base)
	name, value, _ := strings.Cut(w.other.as, "=")
	call(open, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: w.base})
	open.visit("/devices/a4cf12b30002")
	open.sees("#device-mark", "waiting")
	w.visit("/platforms/door-sensor")
	w.click("a[href='/platforms/door-sensor/delete']")
	w.sees("h1", "Delete door-sensor?")
	w.accessible("the question before a platform goes")
	w.click(".danger")
	w.sees("#flash", "Platform door-sensor is deleted, with no releases; 246 devices are now on no whitelist.")
	open.sees("#device-mark", "new")
	open.sees("#device-history li", "It was revoked from door-sensor.")
	open.quiet()
}
