package handlers_test

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"esp-update-server/app/account"
	"esp-update-server/db/dbtest"
)

// changesDisturbNothing holds that rows which change leave alone what is ticked,
// what has the focus and where the page is scrolled to; and that they do not move
// for who asked for less motion.
func changesDisturbNothing(t *testing.T, chromium context.Context) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	other := newBrowser(t, d, account.Admin)
	lamps(t, other, 60)
	b := openTab(t, chromium, "http://"+serve(t, d))
	b.signsInBy(other.as)
	b.visit("/devices")
	b.listens()
	b.click("#pick-a4cf12b30003")
	b.eval("document.querySelector('#device-a4cf12b30014 .c-notes a').focus({preventScroll: true})")
	b.eval("window.scrollTo(0, 500)")
	b.wait("scrollY == 500")
	for _, mac := range []string{"A4:CF:12:B3:00:00", "A4:CF:12:B3:00:03", "A4:CF:12:B3:00:14"} {
		board(t, b.base, mac, "dev=smart-lamp&ver=v1.0.2")
	}
	for _, key := range []string{"a4cf12b30000", "a4cf12b30003", "a4cf12b30014"} {
		b.sees("#device-"+key+" .c-version", "v1.0.2")
	}
	b.wait("document.querySelector('#pick-a4cf12b30003').checked && document.querySelector('#device-a4cf12b30003.is-selected')")
	b.sees("#picked-count", "1 selected")
	if got := b.eval("document.activeElement.matches('#device-a4cf12b30014 .c-notes a') + ' ' + scrollY"); got != "true 500" {
		t.Errorf("focus kept and scrolled to: %s", got)
	}

	b.notesMoves("a4cf12b30000")
	for preference, want := range map[string]string{"no-preference": "fresh", "reduce": "none"} {
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: preference}}})
		b.wait("!document.querySelector('#device-a4cf12b30000.is-fresh')")
		b.eval("moves.length = 0")
		version := map[string]string{"fresh": "v1.0.3", "none": "v1.0.4"}[want]
		board(t, b.base, "A4:CF:12:B3:00:00", "dev=smart-lamp&ver="+version)
		b.sees("#device-a4cf12b30000 .c-version", version)
		b.wait("moves.length > 0")
		if got := b.eval("[...new Set(moves)]"); got != want {
			t.Errorf("with the preference %s it moves %s", preference, got)
		}
	}
	b.quiet()
}

// whatWasForgottenStaysAway holds that an answer from before does not bring a row
// back, and that what leaves by itself is not counted as selected any more.
func whatWasForgottenStaysAway(t *testing.T, chromium context.Context) {
	b := fleetTab(t, chromium)
	b.visit("/new-devices")
	b.eval(`(real => {
		window.fetch = async (...what) => {
			const answer = await real(...what);
			if (what[1]?.headers?.["X-Live"] && !window.answers) await new Promise(answers => window.answers = answers);
			return answer;
		};
	})(window.fetch)`)
	board(t, b.base, "A4:CF:12:B3:C4:71", "dev=smart-lamp&ver=v1.0.2")
	b.wait("window.answers")
	b.click("#new-device-a4cf12b3c403 button[title=Forget]")
	b.wait("!document.querySelector('#new-device-a4cf12b3c403')")
	b.leavesAlone()
	b.awaits("new Promise(done => setTimeout(done, 1500, 'the pointer rests'))") // after the page's own second
	b.eval("new MutationObserver(() => window.back ||= !!document.querySelector('#new-device-a4cf12b3c403')).observe(document.body, { subtree: true, childList: true }, answers())")
	b.sees("#new-devices tr:first-child", "A4:CF:12:B3:C4:71")
	if b.eval("window.back") != "false" {
		t.Error("what was forgotten came back")
	}

	b.click("#pick-page")
	b.sees("#picked-count", "2 selected")
	b.remotely("POST", "/devices/a4cf12b3c402?_method=DELETE")
	b.wait("!document.querySelector('#new-device-a4cf12b3c402')")
	b.sees("#picked-count", "1 selected")
	b.quiet()
}

// timesAreTheViewers holds that exact times are in the zone of who looks, and
// that relative ones age while a page is open.
func timesAreTheViewers(t *testing.T, chromium context.Context) {
	b := fleetTab(t, chromium)
	call(b, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Kathmandu"})
	b.visit("/devices")
	b.wait("document.querySelector('#device-a4cf12b3c401 time').title.includes('GMT+5:45')")
	// As the clock does every ten seconds. In one go, since the row may be told anew.
	if got := b.eval(`(t => {
		t.dateTime = new Date(Date.now() - 65 * 60000).toISOString();
		document.dispatchEvent(new Event('visibilitychange'));
		return t.textContent;
	})(document.querySelector('#device-a4cf12b3c401 time'))`); got != "1 h ago" {
		t.Errorf("after 65 minutes it says %q", got)
	}
	b.visit("/activity")
	b.click("#activity a")
	b.sees(".entry time", "GMT+5:45")
	b.quiet()
}

// allOfItWithoutScripts edits, permits, searches, picks and deletes where scripts
// are switched off, on a phone.
func allOfItWithoutScripts(t *testing.T, chromium context.Context) {
	b := fleetTab(t, chromium)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.resize(360)
	b.visit("/devices")
	b.click("#device-a4cf12b3c401 .c-notes a")
	b.write("#notes", "Room 7")
	b.click("form.stack button")
	b.sees("#flash", "A4:CF:12:B3:C4:01 is saved")

	b.visit("/devices")
	b.write("#q", "room 7")
	b.press("\r")
	b.wait("location.search.includes('q=room+7') && document.querySelectorAll('#devices tr').length == 1")
	b.click("#pick-a4cf12b3c401")
	b.click(".picked button[value=revoke]")
	b.sees("h1", "Revoke 1 device?")
	b.click(".ask-card button[type=submit]")
	b.sees("#flash", "1 device is revoked.")
	b.undoes()
	b.sees("#flash", "Undone: 1 device is as before.")
	b.click(".bar-open")
	b.click("#nav a[href='/platforms']")
	b.click("#platform-smart-lamp a")
	b.sees("h1", "smart-lamp")
	b.click("a[href='/platforms/smart-lamp/delete']")
	b.click("form .danger")
	b.sees("#flash", "Platform smart-lamp is deleted")
	b.quiet()
}

// theBarFitsPhones holds that all of the bar is reached at 360 pixels.
func theBarFitsPhones(t *testing.T, chromium context.Context) {
	b := fleetTab(t, chromium)
	b.resize(360)
	b.visit("/platforms")
	b.wait("!document.querySelector('#search').checkVisibility() && !document.querySelector('#nav').checkVisibility()")
	if got := b.eval("document.querySelector('.bar').offsetHeight <= 56 && document.querySelector('.bar-inner').scrollWidth <= innerWidth"); got != "true" {
		t.Error("the bar takes more than a line")
	}
	b.click(".bar-open")
	b.wait("document.querySelector('#search').checkVisibility()")
	b.accessible("the open menu")
	if got := b.eval("[...document.querySelectorAll('#menu a, #menu button, #menu input')].filter(e => (r => r.left < 0 || r.right > innerWidth || r.bottom > innerHeight || r.height < 24)(e.getBoundingClientRect())).map(e => e.textContent).join()"); got != "" {
		t.Errorf("out of reach: %s", got)
	}
	b.press("\x1b")
	b.wait("!document.querySelector('#search').checkVisibility()")
	b.press("/")
	b.wait("document.activeElement.id == 'search'")
	b.write("#search", "room") // in place of the key itself, which a real keyboard would not type there
	b.press("\r")
	b.wait("location.pathname + location.search == '/devices?q=room' && document.readyState == 'complete'")
	b.click(".bar-open")
	b.click("#nav a[href='/new-devices']")
	b.sees("h1", "New devices")
	b.quiet()
}
