package handlers_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/cdproto/page"

	"esp-update-server/db/dbtest"
)

// installingOverUSB goes from a merged file to the page with ESP Web Tools, and
// there on to a board.
func installingOverUSB(t *testing.T, browser context.Context) {
	b := fleetTab(t, browser)
	file := sunFactory("v0.1.0")
	b.visit("/uploads/new")
	b.drop(".drop", saved(t, "factory.bin", file))
	b.click("#report-1 button[name=install]")
	b.sees("#report-1", "there is no platform smart-sun")
	b.click("#report-1 button[name=create]")
	b.sees("#report-1", "blank ones get the whole file over USB")
	b.accessible("a merged file that is ready")
	b.click("#report-1 button[data-primary]")
	b.sees("#report-1", "smart-sun v0.1.0 is published")
	b.visit("/platforms/smart-sun")
	b.fits("the page of a platform with a merged file")
	b.resize(820)
	b.wait("document.documentElement.scrollWidth <= innerWidth") // the table scrolls, and not the page
	b.resize(1280)
	b.click("tr.is-offered a[href$='/install']")
	b.wait("document.querySelector('esp-web-install-button[install-supported]')")
	b.fits("the page that installs")
	b.wait("document.querySelector('[slot=activate]').checkVisibility() && !document.querySelector('[slot=unsupported]').checkVisibility()")
	b.asksForThePort()
	b.writes(file)
	b.opensConsole()

	b.visit("/platforms/smart-sun")
	b.click("#installations form button")
	b.sees("#flash", "The merged file of v0.1.0 is removed")
	b.click("#installations a[href$='/install']")
	b.sees("h2", "ESP32-C3 needs its merged file")
	b.fits("the page that says how to make a merged file")
	b.quiet()
}

// asksForThePort clicks, and closes the question of the browser.
func (b *tab) asksForThePort() {
	b.t.Helper()
	b.eval("(() => { navigator.serial.requestPort = async () => { throw new DOMException('none was chosen', 'NotFoundError') } })()")
	b.click("[slot=activate]")
	b.wait("document.querySelector('ewt-no-port-picked-dialog')?.shadowRoot.textContent.includes('No port selected')")
}

// connects chooses a port behind which a chip answers, and waits for what ESP Web
// Tools offers then.
func (b *tab) connects() {
	b.t.Helper()
	chip, err := os.ReadFile("testdata/chip.js")
	if err != nil {
		b.t.Fatal(err)
	}
	b.visit("/platforms/smart-sun/install")
	b.wait("document.querySelector('esp-web-install-button[install-supported]')")
	b.eval("(() => {" + string(chip) + "})()")
	b.click("[slot=activate]")
	b.wait(installDialog)
	b.wait(installDialog + ".shadowRoot?.textContent.includes('Install smart-sun')")
}

// chooses presses what has a text in the dialog of ESP Web Tools.
func (b *tab) chooses(text string) {
	b.t.Helper()
	item := fmt.Sprintf("[...%s.shadowRoot.querySelectorAll('ew-list-item, ew-text-button')].find(e => e.textContent.trim() == %q)", installDialog, text)
	b.wait(item)
	b.eval(item + ".click()")
}

const installDialog = "document.querySelector('ewt-install-dialog')"

// writes lets a board be written whole, and holds that its flash has the very
// bytes of the merged file then, under the policy on content of the page.
func (b *tab) writes(file []byte) {
	b.t.Helper()
	b.connects()
	b.chooses("Install smart-sun")
	b.wait(installDialog + ".shadowRoot.querySelector('ew-checkbox')")
	b.eval(installDialog + ".shadowRoot.querySelector('ew-checkbox').click()")
	b.chooses("Next")
	b.chooses("Install")
	b.wait("chip.erased") // each on its own, for a slow machine
	b.wait("chip.done")
	got := b.awaits("chip.digest().then(d => chip.erased + ' ' + chip.address + ' ' + d)")
	if want := "true 0 " + digest(file); got != want {
		b.t.Errorf("written was %s; want %s", got, want)
	}
}

// opensConsole looks at the console of the board, whose styles the policy must
// let in.
func (b *tab) opensConsole() {
	b.t.Helper()
	b.connects()
	b.chooses("Logs & Console")
	b.wait(installDialog + ".shadowRoot.querySelector('ewt-console')?.shadowRoot?.querySelector('style')?.sheet")
}

// installingIsRefused tells why where the browser does not let a page use serial
// ports: it has none, or the page came over plain HTTP.
func installingIsRefused(t *testing.T, browser context.Context) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	for slot, host := range map[string]string{"unsupported": "127.0.0.1", "not-allowed": ownAddress()} {
		b := openTab(t, browser, "http://"+serveOn(t, d, host))
		b.signsInBy(sessionOf(t, d, "admin@example.com"))
		if slot == "unsupported" || host == "127.0.0.1" { // such a machine has no address that is trusted less
			slot = "unsupported"
			call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: "delete Navigator.prototype.serial"})
		}
		b.visit("/platforms/smart-lamp/install")
		b.wait(fmt.Sprintf("document.querySelector('esp-web-install-button[install-unsupported] > [slot=%s]')?.checkVisibility()", slot))
		if got := b.eval("[...document.querySelectorAll('esp-web-install-button > *')].filter(e => e.checkVisibility()).length"); got != "1" {
			t.Errorf("%s: %s slots show", slot, got)
		}
		b.fits("the page that cannot install: " + slot)
		b.quiet()
	}
}
