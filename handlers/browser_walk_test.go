package handlers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// walk is a person who does all that the pages are for, on a server that was
// empty when they began, at the machine's own address.
type walk struct {
	*tab
	chromium context.Context
	address  string
	db       *db.DB
	other    *browser // another admin, elsewhere
}

// everyTaskInOneGo walks every task, and wants no report in the console.
func everyTaskInOneGo(t *testing.T, chromium context.Context) {
	kept := dbtest.SQLite(t)
	d := dbtest.Open(t, kept)
	address := serveOn(t, d, ownAddress())
	w := &walk{tab: openTab(t, chromium, "http://"+address), chromium: chromium, address: address, db: d}
	w.kept = kept
	for _, step := range []struct {
		name string
		take func(*walk)
	}{
		{"the set-up link", (*walk).setsUp},
		{"the first platform", (*walk).createsPlatform},
		{"a release", (*walk).publishes},
		{"new devices", (*walk).seesNewDevices},
		{"the queue", (*walk).decidesOnNewDevices},
		{"a list", (*walk).pastesList},
		{"finding devices", (*walk).findsDevices},
		{"editing from field to field", (*walk).editsFromFieldToField},
		{"an edit that is overtaken", (*walk).editsWhatIsOvertaken},
		{"many at once", (*walk).changesMany},
		{"the export", (*walk).exports},
		{"a platform's page", (*walk).keepsPlatform},
		{"its sketches", (*walk).copiesSketches},
		{"what is offered", (*walk).changesOffer},
		{"a device's page", (*walk).looksAtDevice},
		{"the end of a platform", (*walk).deletesPlatform},
		{"the overview", (*walk).watchesOverview},
		{"the keys", (*walk).goesByKeys},
		{"the sign-out", (*walk).signsOut},
	} {
		start := time.Now()
		step.take(w)
		w.accessible(step.name)
		t.Logf("%-28s %4.1f s", step.name, time.Since(start).Seconds())
	}
	w.quiet()
}

// asks lets a board ask on a raw socket, and is the whole answer.
func (w *walk) asks(mac, platform, version string) string {
	w.t.Helper()
	return string(say(w.t, w.address, fmt.Sprintf("GET /update?dev=%s&ver=%s HTTP/1.0\r\nHost: %s\r\nUser-Agent: ESP8266-http-Update\r\nx-ESP8266-STA-MAC: %s\r\n\r\n",
		platform, version, w.address, mac)))
}

func (w *walk) setsUp() {
	secret := account.NewSecret()
	if err := w.db.Links.Create(context.Background(), account.HashSecret(secret), account.SetupLink, "", time.Hour); err != nil {
		w.t.Fatal(err)
	}
	w.visit("/setup?token=" + secret)
	w.accessible("the set-up page")
	w.write("#email", "ada@example.com")
	w.write("#password", password)
	w.click("form button[type=submit]")
	w.sees("h1", "Platforms")
	w.other = newBrowser(w.t, w.db, account.Admin)
}

func (w *walk) createsPlatform() {
	w.click(".empty-state a")
	w.write("#name", "Smart_Lamp")
	w.press("\r")
	w.sees("#name-error", "name it smart-lamp")
	w.accessible("a refused name")
	w.write("#name", "smart-lamp")
	w.press("\r")
	w.sees("#flash", "Platform smart-lamp is created.")
	w.visit("/platforms/new?name=door-sensor")
	w.click("#platform-form button")
	w.sees("h1", "door-sensor")
}

// publishes drops files on a page that is about something else.
func (w *walk) publishes() {
	w.visit("/devices")
	w.sees(".empty-state", "No device is on a whitelist yet")
	w.accessible("an empty table of devices")
	w.drop("h1", saved(w.t, "page.bin", []byte("<!DOCTYPE html><html>404</html>")))
	w.sees("#reports", "cannot be published")
	w.accessible("the report on a refused file")
	w.drop("h1", saved(w.t, "lamp.bin", firmwaretest.Lamp("v1.0.2")))
	w.wait("document.activeElement.innerText.startsWith('Publish v1.0.2 to smart-lamp')")
	w.press("\r")
	w.sees("#flash", "smart-lamp v1.0.2 is published")
}

// seesNewDevices holds that the queue grows by itself, the first board's row
// included, but not under the pointer.
func (w *walk) seesNewDevices() {
	w.visit("/new-devices")
	w.accessible("an empty queue")
	w.listens()
	if answer := w.asks("A4:CF:12:B3:C4:01", "SMART_LAMP", "v1.0.1"); !strings.HasPrefix(answer, "HTTP/1.1 400") {
		w.t.Errorf("a device on no whitelist got %.200q", answer)
	}
	w.sees("#new-device-a4cf12b3c401", "SMART_LAMP")
	w.asks("A4:CF:12:B3:C4:02", "smart-lamp", "v1.0.1")
	w.sees("#new-devices tr:first-child", "A4:CF:12:B3:C4:02")
	w.eval("document.querySelector('#new-device-a4cf12b3c401 select').focus()")
	const top = "document.querySelector('#new-device-a4cf12b3c401').getBoundingClientRect().top"
	before := w.eval(top)
	w.asks("A4:CF:12:B3:C4:03", "smart-lamp", "v1.0.1")
	w.sees("#devices-news", "1 new: show")
	if w.eval("document.querySelector('#new-device-a4cf12b3c403')") != "null" {
		w.t.Error("a row moved what has the focus")
	}
	if after := w.eval(top); after != before {
		w.t.Errorf("what tells of new devices moved the rows from %s to %s", before, after)
	}
	w.eval("(window.moving = setInterval(() => dispatchEvent(new Event('pointermove')), 100)) && dispatchEvent(new Event('pointermove'))")
	w.eval("document.activeElement.blur()")
	w.asks("A4:CF:12:B3:C4:04", "garden-pump", "v1.0.0")
	w.sees("#devices-news", "2 new: show") // so the page is as new as that
	if got := w.eval("document.querySelectorAll('#new-devices tr').length"); got != "2" {
		w.t.Errorf("%s rows: some came while the pointer was on its way to another", got)
	}
	w.eval("clearInterval(window.moving)")
	w.sees("#new-devices tr:first-child", "A4:CF:12:B3:C4:04")
	w.sees("#new-devices tr:nth-child(2)", "A4:CF:12:B3:C4:03")
	w.wait("document.querySelector('#devices-news').hidden")
	w.asks("A4:CF:12:B3:C4:05", "garden-pump", "v1.0.0")
	w.sees("#new-count", "5")
	w.wait("document.querySelectorAll('#new-devices tr').length == 5")
}

// decidesOnNewDevices permits one, ignores one, forgets one and permits the rest
// together; what is permitted gets the very bytes that were dropped.
func (w *walk) decidesOnNewDevices() {
	w.click("#new-device-a4cf12b3c401 .permit button")
	w.wait("!document.querySelector('#new-device-a4cf12b3c401')")
	w.sees("#flash", "A4:CF:12:B3:C4:01 is permitted on smart-lamp")
	w.eval("document.querySelector('#new-device-a4cf12b3c404 .permit button').focus()")
	w.press("\t")
	w.press("\r")
	w.wait("!document.querySelector('#new-device-a4cf12b3c404')")
	w.wait("document.activeElement.matches('#new-device-a4cf12b3c403 button[title^=Ignore]')")
	w.click("#new-device-a4cf12b3c405 button[title=Forget]")
	w.wait("!document.querySelector('#new-device-a4cf12b3c405')")
	w.click("#pick-page")
	w.sees("#picked-count", "2 selected")
	w.accessible("new devices that are selected")
	w.click(".picked button[value=permit]")
	w.sees("#ask[open] h2", "Permit 2 devices?")
	w.eval("document.getElementById('to').value = 'smart-lamp'")
	w.click("#ask button[type=submit]")
	w.sees("#flash", "2 devices are permitted on smart-lamp.")
	w.sees("h1 ~ .actions", "1 ignored")
	w.wait("document.querySelector('#new-count').hidden")
	head, body, _ := strings.Cut(w.asks("A4:CF:12:B3:C4:01", "SMART_LAMP", "v1.0.1"), "\r\n\r\n")
	if !strings.HasPrefix(head, "HTTP/1.1 200") || body != string(firmwaretest.Lamp("v1.0.2")) {
		w.t.Errorf("the board got %d bytes after %s", len(body), head)
	}
}

func (w *walk) watchesOverview() {
	w.visit("/")
	w.sees("#feed-list li", "smart-lamp offers v1.0.3 now")
	w.sees("#feed-list li", "smart-lamp v1.0.3 was withdrawn; v1.0.2 is offered again")
	w.sees("#feed-list li", "smart-lamp v1.0.3 was published by ada@example.com")
	w.listens()
	start := time.Now()
	w.asks("A4:CF:12:B3:C4:55", "smart-lamp", "v1.0.2")
	w.sees("#feed-list li", "A4:CF:12:B3:C4:55 asked for the first time as smart-lamp, running v1.0.2")
	w.t.Logf("from the board's request to the feed: %s", time.Since(start))
	w.asks("A4:CF:12:B3:C4:01", "smart-lamp", "v1.0.3")
	w.sees("#feed-list li", "A4:CF:12:B3:C4:01 updated from v1.0.1 to v1.0.3")
	w.asks("A4:CF:12:B3:C4:01", "smart-lamp", "v1.0.1")
	w.sees("#feed-list li", "A4:CF:12:B3:C4:01 went back from v1.0.3 to v1.0.1")
	w.sees("#check-ins-summary", "In the last hour")
}

// goesByKeys holds the shortcuts, and that they are letters while one types.
func (w *walk) goesByKeys() {
	w.press("?")
	w.wait("document.querySelector('#shortcuts').open")
	w.accessible("the shortcuts")
	w.press("\x1b")
	w.wait("!document.querySelector('#shortcuts').open")
	// The second key counts only shortly after the first: meanwhile the clock stands.
	still := "(at => { Date.now = () => at })(Date.now())"
	for _, keys := range []string{"gd /devices", "gp /platforms", "gn /new-devices", "u /uploads/new", "go /"} {
		press, path, _ := strings.Cut(keys, " ")
		w.eval(still)
		w.press(press)
		w.wait("location.pathname == '" + path + "' && document.readyState == 'complete'")
	}
	w.press("/")
	w.wait("document.activeElement.id == 'search'")
	w.press("go?u")
	if got := w.eval("document.activeElement.value + location.pathname"); !strings.HasSuffix(got, "go?u/") {
		w.t.Errorf("%q", got)
	}
}

func (w *walk) signsOut() {
	w.click(".bar-account button")
	w.sees("h1", "Sign in")
	w.visit("/devices")
	w.sees("h1", "Sign in")
}
