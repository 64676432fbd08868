package handlers_test

import (
	"context"
	"os"
	"testing"

	"esp-update-server/app/firmware/firmwaretest"
)

// leaving is whether a person is asked who leaves the page now.
const leaving = "!dispatchEvent(new Event('beforeunload', { cancelable: true }))"

// severalFilesDroppedAnywhere are inspected side by side, and published one
// after the other with Enter.
func severalFilesDroppedAnywhere(t *testing.T, chromium context.Context) {
	b := fleetTab(t, chromium)
	b.visit("/devices")
	b.wait("document.addEventListener('htmx:beforeSend', () => { window.asked ||= " + leaving + " }) ?? true")
	b.drop("h1",
		saved(t, "lamp.bin", firmwaretest.Lamp("v1.0.3")),
		saved(t, "page.bin", []byte("<!DOCTYPE html><html>404</html>")),
		saved(t, "sun.bin", firmwaretest.ESP32App(firmwaretest.ESP32C3, firmwaretest.Tag("smart-sun", "v0.1.0"))))
	b.sees("h1", "Upload firmware")
	b.wait("document.title.startsWith('Upload firmware') && document.querySelector('#nav [aria-current]').innerText == 'Upload'")
	b.sees("#report-1", "smart-lamp v1.0.3 is ready")
	b.sees("#report-2", "page.bin cannot be published")
	b.sees("#report-3", "there is no platform smart-sun")
	b.accessible("three reports")
	b.wait("window.asked === true && !" + leaving)
	b.click("#report-3 button[name=create]")
	b.sees("#report-3", "smart-sun v0.1.0 is ready")
	b.click("#report-1 button[data-primary]")
	b.sees("#report-1", "smart-lamp v1.0.3 is published")
	b.wait("document.activeElement.innerText == 'Publish v0.1.0 to smart-sun'")
	b.press("\r")
	b.sees("#report-3", "smart-sun v0.1.0 is published")
	b.accessible("published files")

	b.drop("h1", saved(t, "lamp.bin", firmwaretest.Lamp("v1.0.4")))
	b.sees("#report-4", "smart-lamp v1.0.4 is ready")
	b.wait("document.querySelectorAll('.report').length == 1")
	b.click("#report-4 .quiet")
	b.sees("#flash", "The upload is discarded.")
	b.wait("document.querySelectorAll('.report').length == 0 && location.pathname == '/uploads/new'")
	b.quiet()
}

// fileThatDoesNotSay for which platform and version it is gets both from the
// person, who confirms it.
func fileThatDoesNotSay(t *testing.T, chromium context.Context) {
	data := mute
	if os.Getenv("ESP_FIRMWARE_DIR") != "" {
		data = realFirmware(t, "esp32c3-tag-11-old-style.bin")
	}
	b := fleetTab(t, chromium)
	b.visit("/uploads/new")
	b.drop(".drop", saved(t, "old.bin", data))
	b.sees("#report-1", "old.bin cannot be published as it is")
	b.accessible("a report that asks")
	b.write("#upload-1-platform", "old-lamp")
	b.write("#upload-1-version", "v2.")
	b.drop("h1", saved(t, "lamp.bin", firmwaretest.Lamp("v1.0.3")))
	b.sees("#report-2", "smart-lamp v1.0.3 is ready")
	b.press("x") // the field where the person types keeps the focus
	b.wait("document.querySelector('#upload-1-version').value == 'v2.x'")
	b.click("#report-1 .confirm input")
	b.click("#report-1 .again button")
	b.sees("#upload-1-version-error", "v2.x")
	b.write("#upload-1-version", "v2.0.0")
	b.press("\r")
	b.sees("#report-1", "there is no platform old-lamp")
	b.click("#report-1 button[name=create]")
	b.sees("#report-1", "old-lamp v2.0.0 is ready")
	b.wait("document.activeElement.innerText == 'Publish v2.0.0 to old-lamp'")
	b.press("\r")
	b.sees("#report-1", "old-lamp v2.0.0 is published")
	b.quiet()
}

// applicationInsideMergedFile is used where the file itself is no update.
func applicationInsideMergedFile(t *testing.T, chromium context.Context) {
	data, name := merged(firmwaretest.ESP32App(firmwaretest.ESP32C3, firmwaretest.Tag("smart-sun", "v0.1.0"))), "smart-sun v0.1.0"
	b := fleetTab(t, chromium)
	b.visit("/uploads/new")
	b.drop(".drop", saved(t, "factory.bin", data))
	b.sees("#report-1", "a merged file for flashing by cable")
	b.accessible("the report on a merged file")
	b.click("#report-1 button[name=extract]")
	b.sees("#report-1", "there is no platform smart-sun")
	b.click("#report-1 button[name=create]")
	b.sees("#report-1", name+" is ready")
	b.click("#report-1 button[data-primary]")
	b.sees("#report-1", name+" is published")

	if os.Getenv("ESP_FIRMWARE_DIR") == "" {
		return
	}
	b.drop("h1", saved(t, "real.bin", realFirmware(t, "esp32c3-merged-with-tag.bin")))
	b.click("#report-2 button[name=extract]")
	b.sees("#report-2", "v1.0.2 is not higher than v1.0.2")
	b.quiet()
}
