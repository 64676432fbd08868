package handlers_test

import (
	"context"
	"testing"

	"esp-update-server/app/firmware/firmwaretest"
)

// installingOverUSB goes from a merged file to the page with ESP Web Tools, and
// there as far as a browser without a board does.
func installingOverUSB(t *testing.T, browser context.Context) {
	b := fleetTab(t, browser)
	b.visit("/uploads/new")
	b.drop(".drop", saved(t, "factory.bin", firmwaretest.Merged(firmwaretest.ESP32App(firmwaretest.ESP32C3, firmwaretest.Tag("smart-sun", "v0.1.0")))))
	b.click("#report-1 button[name=install]")
	b.sees("#report-1", "there is no platform smart-sun")
	b.click("#report-1 button[name=create]")
	b.sees("#report-1", "blank ones get the whole file over USB")
	b.accessible("a merged file that is ready")
	b.click("#report-1 button[data-primary]")
	b.sees("#report-1", "smart-sun v0.1.0 is published")
	b.visit("/platforms/smart-sun")
	b.fits("the page of a platform with a merged file")
	b.click("tr.is-offered a[href$='/install']")
	b.wait("document.querySelector('esp-web-install-button[install-supported]')")
	b.fits("the page that installs")
	b.wait("document.querySelector('[slot=activate]').checkVisibility() && !document.querySelector('[slot=unsupported]').checkVisibility()")
	b.asksForThePort()
	b.readsTheManifest()

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

// readsTheManifest chooses a port with a board that says nothing, and looks at
// what it is offered, and at what it would say.
func (b *tab) readsTheManifest() {
	b.t.Helper()
	b.visit("/platforms/smart-sun/install")
	b.wait("document.querySelector('esp-web-install-button[install-supported]')")
	b.eval("(() => {" + silentPort + "})()")
	b.click("[slot=activate]")
	b.wait(installDialog + "?.shadowRoot.textContent.includes('Install smart-sun')")
	if got := b.eval("performance.getEntriesByType('resource').filter(e => e.name.endsWith('/platforms/smart-sun/install/manifest.json')).length"); got != "1" {
		b.t.Errorf("the manifest was read %s times", got)
	}
	b.eval("[..." + installDialog + ".shadowRoot.querySelectorAll('ew-list-item')].find(e => e.textContent.includes('Console')).click()")
	b.wait(installDialog + ".shadowRoot.querySelector('ewt-console')?.shadowRoot?.querySelector('style')?.sheet")
}

const installDialog = "document.querySelector('ewt-install-dialog')"

const silentPort = `navigator.serial.requestPort = async () => ({
  open: async () => {}, close: async () => {}, getInfo: () => ({}), setSignals: async () => {}, getSignals: async () => ({}),
  addEventListener() {}, removeEventListener() {},
  readable: new ReadableStream({}), writable: new WritableStream({}),
})`
