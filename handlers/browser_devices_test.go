package handlers_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestDevicesInBrowser walks the tasks of the devices page in a real Chromium.
func TestDevicesInBrowser(t *testing.T) {
	browser := startChromium(t)
	for name, walk := range map[string]func(*testing.T, *tab, *browserOfLamps){
		"from field to field":         fromFieldToField,
		"an edit that is overtaken":   anEditThatIsOvertaken,
		"selecting and undoing":       selectingAndUndoing,
		"sorting, paging, going back": sortingPagingGoingBack,
		"pasting a list":              pastingAList,
		"deciding on new devices":     decidingOnNewDevices,
	} {
		t.Run(name, func(t *testing.T) {
			b, other := lampsTab(t, browser)
			walk(t, b, other)
			b.quiet()
		})
	}
}

// browserOfLamps is somebody else at the same server.
type browserOfLamps struct {
	*browser
	db *db.DB
}

// lampsTab is a tab on a server with 250 lamps.
func lampsTab(t *testing.T, chromium context.Context) (*tab, *browserOfLamps) {
	t.Helper()
	d := dbtest.Open(t, dbtest.SQLite(t))
	other := newBrowser(t, d, account.Admin)
	lamps(t, other, 250)
	b := openTab(t, chromium, "http://"+serve(t, d))
	call(b, network.SetCookie, network.SetCookieParams{Name: "session", Value: sessionOf(t, d, "admin@example.com")[len("session="):], URL: b.base})
	return b, &browserOfLamps{other, d}
}

func fromFieldToField(t *testing.T, b *tab, _ *browserOfLamps) {
	b.visit("/devices")
	b.click("#device-a4cf12b30000 .c-notes a")
	b.wait("document.activeElement.id == 'notes-a4cf12b30000'")
	b.write("#notes-a4cf12b30000", "First")
	b.press("\t")
	b.wait("document.activeElement.id == 'notes-a4cf12b30001'")
	b.sees("#device-a4cf12b30000 .c-notes", "First")
	b.write("#notes-a4cf12b30001", "Second")
	b.press("\r")
	b.sees("#device-a4cf12b30001 .c-notes", "Second")
	b.wait("document.activeElement.matches('#device-a4cf12b30001 .c-notes a')")

	b.click("#device-a4cf12b30002 .c-platform a")
	b.wait("document.activeElement.id == 'platform-a4cf12b30002'")
	b.accessible("a platform that is edited")
	b.eval("document.activeElement.value = 'door-sensor'")
	b.press("\r")
	b.sees("#device-a4cf12b30002 .c-platform", "door-sensor")
	b.click("#device-a4cf12b30003 .c-platform a")
	b.wait("document.activeElement.id == 'platform-a4cf12b30003'")
	b.press("\x1b")
	b.wait("document.activeElement.matches('#device-a4cf12b30003 .c-platform a')")
}

func anEditThatIsOvertaken(t *testing.T, b *tab, other *browserOfLamps) {
	b.visit("/devices")
	b.click("#device-a4cf12b30000 .c-notes a")
	b.wait("document.activeElement.id == 'notes-a4cf12b30000'")
	b.write("#notes-a4cf12b30000", "Mine")
	other.send("PUT", "/devices/a4cf12b30000", url.Values{"notes": {"Theirs"}}, 200)
	b.press("\r")
	b.sees("#device-a4cf12b30000-edit [role=alert]", "now the notes are “Theirs”")
	b.wait("document.getElementById('notes-a4cf12b30000').value == 'Mine'")
	b.accessible("an edit that was overtaken")
	b.press("\r")
	b.sees("#device-a4cf12b30000 .c-notes", "Mine")
}

func selectingAndUndoing(t *testing.T, b *tab, _ *browserOfLamps) {
	b.visit("/devices")
	b.wait("!document.querySelector('.picked').checkVisibility()")
	b.click("#pick-a4cf12b30001")
	b.click("#pick-a4cf12b30002")
	b.sees("#picked-count", "2 selected")
	b.accessible("a table with a selection")
	b.click(".picked button[value=forget]")
	b.sees("#ask[open] h2", "Forget 2 devices?")
	b.accessible("the question before many are forgotten")
	b.click("#ask button[type=submit]")
	b.sees("#flash", "2 devices are forgotten.")
	b.wait("!document.querySelector('#device-a4cf12b30001')")
	b.click("#flash .undo button")
	b.sees("#flash", "Undone: 2 devices are as before.")
	b.sees("#device-a4cf12b30001 .c-notes", "Room 1")

	b.wait("document.querySelector('#pick-page')")
	b.click("#pick-page")
	b.sees("#picked-count", "100 selected")
	b.sees(".picked .all", "all 250 that match")
	b.click("#pick-all")
	b.click(".picked button[value=revoke]")
	b.sees("#ask[open] h2", "Revoke 250 devices?")
	b.click("#ask [data-close]")
	b.wait("!document.querySelector('#ask').open")
	b.click(".picked button[value=move]")
	b.sees("#ask[open] h2", "Move 250 devices?")
	b.eval("document.getElementById('to').value = 'door-sensor'")
	b.click("#ask button[type=submit]")
	b.sees("#flash", "250 devices are permitted on door-sensor.")
}

func sortingPagingGoingBack(t *testing.T, b *tab, _ *browserOfLamps) {
	b.visit("/devices")
	b.click("th.c-notes a")
	b.wait("document.querySelector('th.c-notes').ariaSort == 'ascending' && location.search == '?sort=notes'")
	b.click("#page-next")
	b.wait("document.querySelector('#page-previous') && location.search.includes('after=')")
	b.click(".pages [rel=last]")
	b.wait("!document.querySelector('#page-next') && document.querySelectorAll('#devices tr').length == 100")
	b.sees("#devices tr:last-child .c-notes", "Room 99")
	b.do(reload)
	b.sees("#devices tr:last-child .c-notes", "Room 99")
	b.write("#q", "room 24")
	b.wait("document.querySelectorAll('#devices tr').length == 11 && location.search.includes('sort=notes')")
	b.do(chromedp.NavigateBack())
	b.wait("document.querySelector('h1') && document.querySelector('.bar') && document.querySelectorAll('#devices tr').length == 100")
	b.click(".state-filter .is-waiting")
	b.wait("document.querySelector('.state-filter [aria-current]').textContent.includes('waiting')")
}

func pastingAList(t *testing.T, b *tab, _ *browserOfLamps) {
	b.visit("/devices/import")
	b.write("#list", "A4-CF-12-B3-C4-01, a4cf12b3c402\nnonsense\na4cf12b30000,door-sensor")
	b.eval("document.getElementById('platform').value = 'smart-lamp'")
	b.click("#import form button")
	b.sees(".preview", "moves here from smart-lamp")
	b.sees(".import-lines .is-wrong", "is not a MAC address")
	b.accessible("the preview of a list")
	b.click(".apply button")
	b.sees("#flash", "3 devices are saved from the list.")
	b.visit("/devices?q=a4cf12b3c4")
	b.wait("document.querySelectorAll('#devices tr').length == 2")
}

func decidingOnNewDevices(t *testing.T, b *tab, other *browserOfLamps) {
	for _, mac := range []string{"a4cf12b3c401", "a4cf12b3c402", "a4cf12b3c403"} {
		checkIn(t, other.db, mac, "garden-pump", "v1.0.0")
	}
	b.visit("/new-devices")
	b.click("#new-device-a4cf12b3c401 button[title^=Ignore]")
	b.wait("!document.querySelector('#new-device-a4cf12b3c401')")
	b.click("#pick-page")
	b.sees("#picked-count", "2 selected")
	b.accessible("new devices that are selected")
	b.click(".picked button[value=permit]")
	b.sees("#ask[open] h2", "Permit 2 devices?")
	b.eval("document.getElementById('to').value = 'door-sensor'")
	b.click("#ask button[type=submit]")
	b.sees("#flash", "2 devices are permitted on door-sensor.")
	b.sees("h1 ~ .actions", "1 ignored")
}
