package handlers_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// walked is how many lamps the walk adds from a list.
const walked = 247

// pastesList adds devices, after a look at what will happen line by line.
func (w *walk) pastesList() {
	var list strings.Builder
	for i := range walked {
		fmt.Fprintf(&list, "a4-cf-12-b3-%02x-%02x,smart-lamp,Room %d\n", i>>8, i&255, i)
	}
	w.visit("/devices")
	w.click("a[href='/devices/import']")
	w.wait("document.getElementById('list')")
	w.accessible("the page for a list")
	w.eval(fmt.Sprintf("document.getElementById('list').value = %q", list.String()+"nonsense\na4cf12b3c402,door-sensor\nA4CF.12B3.C4A1\n"))
	w.eval("document.getElementById('platform').value = 'smart-lamp'")
	w.click("#import form button")
	w.sees(".preview", "moves here from smart-lamp")
	w.sees(".import-lines .is-wrong", "is not a MAC address")
	w.accessible("the preview of a list")
	w.click(".apply button")
	w.sees("#flash", fmt.Sprintf("%d devices are saved from the list.", walked+2))
}

// findsDevices sorts, pages, searches, filters and goes back, all of it in the
// address.
func (w *walk) findsDevices() {
	w.visit("/devices")
	w.click("th.c-notes a")
	w.wait("document.querySelector('th.c-notes').ariaSort == 'ascending' && location.search == '?sort=notes'")
	w.click("#page-next")
	w.wait("document.querySelector('#page-previous') && location.search.includes('after=')")
	w.click(".pages [rel=last]")
	w.wait("!document.querySelector('#page-next') && document.querySelectorAll('#devices tr').length == 100")
	w.sees("#devices tr:last-child .c-notes", "Room 99")
	w.do(reload)
	w.sees("#devices tr:last-child .c-notes", "Room 99")
	w.write("#q", "room 24")
	w.wait("document.querySelectorAll('#devices tr').length == 8 && location.search.includes('sort=notes')")
	w.do(chromedp.NavigateBack())
	w.wait("document.querySelector('h1') && document.querySelector('.bar') && document.querySelectorAll('#devices tr').length == 100")
	w.click(".state-filter .is-waiting")
	w.wait("document.querySelector('.state-filter [aria-current]').textContent.includes('waiting')")
	w.eval("(s => (s.value = 'door-sensor', s.dispatchEvent(new Event('input', {bubbles: true}))))(document.getElementById('filter-platform'))")
	w.wait("location.search.includes('platform=door-sensor')")
	w.sees("#devices", "No permitted device matches.")
}

// editsFromFieldToField edits as people with keyboards do.
func (w *walk) editsFromFieldToField() {
	w.visit("/devices")
	w.click("#device-a4cf12b30000 .c-notes a")
	w.wait("document.activeElement.id == 'notes-a4cf12b30000'")
	w.write("#notes-a4cf12b30000", "First")
	w.press("\t")
	w.wait("document.activeElement.id == 'notes-a4cf12b30001'")
	w.sees("#device-a4cf12b30000 .c-notes", "First")
	w.write("#notes-a4cf12b30001", "Second")
	w.press("\r")
	w.sees("#device-a4cf12b30001 .c-notes", "Second")
	w.wait("document.activeElement.matches('#device-a4cf12b30001 .c-notes a')")

	w.click("#device-a4cf12b30002 .c-platform a")
	w.wait("document.activeElement.id == 'platform-a4cf12b30002'")
	w.accessible("a platform that is edited")
	w.eval("document.activeElement.value = 'door-sensor'")
	w.press("\r")
	w.sees("#device-a4cf12b30002 .c-platform", "door-sensor")
	w.click("#device-a4cf12b30003 .c-platform a")
	w.wait("document.activeElement.id == 'platform-a4cf12b30003'")
	w.press("\x1b")
	w.wait("document.activeElement.matches('#device-a4cf12b30003 .c-platform a')")
}

// editsWhatIsOvertaken is told what somebody else changed, and saves again.
func (w *walk) editsWhatIsOvertaken() {
	w.visit("/devices")
	w.click("#device-a4cf12b30000 .c-notes a")
	w.wait("document.activeElement.id == 'notes-a4cf12b30000'")
	w.write("#notes-a4cf12b30000", "Mine")
	w.other.send("PUT", "/devices/a4cf12b30000", url.Values{"notes": {"Theirs"}}, 200)
	w.press("\r")
	w.sees("#device-a4cf12b30000-edit [role=alert]", "now the notes are “Theirs”")
	w.wait("document.getElementById('notes-a4cf12b30000').value == 'Mine'")
	w.accessible("an edit that was overtaken")
	w.press("\r")
	w.sees("#device-a4cf12b30000 .c-notes", "Mine")
}

// changesMany forgets some and takes it back, and revokes and moves all that
// match a search, which are more than the page shows.
func (w *walk) changesMany() {
	w.visit("/devices")
	w.wait("!document.querySelector('.picked').checkVisibility()")
	w.click("#pick-a4cf12b30001")
	w.click("#pick-a4cf12b30003")
	w.sees("#picked-count", "2 selected")
	w.asksOnce("forget", "Forget 2 devices?", "")
	w.sees("#flash", "2 devices are forgotten.")
	w.wait("!document.querySelector('#device-a4cf12b30003')")
	w.undoes()
	w.sees("#flash", "Undone: 2 devices are as before.")
	w.sees("#device-a4cf12b30003 .c-notes", "Room 3")

	w.write("#q", "room")
	w.wait("location.search.includes('q=room') && document.querySelector('#selection [name=q]').value == 'room'")
	w.picksAll(walked - 2)
	w.asksOnce("revoke", fmt.Sprintf("Revoke %d devices?", walked-2), "")
	w.sees("#flash", fmt.Sprintf("%d devices are revoked.", walked-2))
	w.undoes()
	w.sees("#flash", fmt.Sprintf("Undone: %d devices are as before.", walked-2))

	w.visit("/devices?q=room")
	w.picksAll(walked - 2)
	w.click(".picked button[value=move]")
	w.sees("#ask[open] h2", fmt.Sprintf("Move %d devices?", walked-2))
	w.accessible("the question before many are moved")
	w.click("#ask [data-close]")
	w.wait("!document.querySelector('#ask').open")
	w.asksOnce("move", fmt.Sprintf("Move %d devices?", walked-2), "door-sensor")
	w.sees("#flash", fmt.Sprintf("%d devices are permitted on door-sensor.", walked-2))
}

// picksAll selects all that match, which is counted when the page is selected.
func (w *walk) picksAll(n int) {
	w.t.Helper()
	w.click("#pick-page")
	w.sees("#picked-count", "100 selected")
	w.sees(".picked .all", fmt.Sprintf("all %d that match", n))
	w.click("#pick-all")
}

// asksOnce does something to what is selected, and answers the question.
func (w *walk) asksOnce(do, question, platform string) {
	w.t.Helper()
	w.click(".picked button[value=" + do + "]")
	w.sees("#ask[open] h2", question)
	if platform != "" {
		w.eval("document.getElementById('to').value = '" + platform + "'")
	}
	w.click("#ask button[type=submit]")
}

// exports downloads what the table shows.
func (w *walk) exports() {
	folder := w.t.TempDir()
	call(w.tab, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{
		Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder, BrowserContextID: chromedp.FromContext(w.ctx).BrowserContextID})
	w.visit("/devices?q=room+24")
	w.click(".table-head a[title='Export as CSV']")
	var text string
	w.until(func() bool {
		found, _ := filepath.Glob(folder + "/*.csv")
		if len(found) == 1 {
			data, _ := os.ReadFile(found[0])
			text = string(data)
		}
		return text != ""
	})
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != 9 || !strings.Contains(text, "A4:CF:12:B3:00:18,door-sensor,Room 24") {
		w.t.Errorf("the file holds:\n%s", text)
	}
}
