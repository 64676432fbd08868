package handlers_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/handlers"
)

// board asks for an update as the ESP8266 client does.
func board(t *testing.T, base, mac, query string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, base+"/update?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("x-ESP8266-STA-MAC", mac)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(data)
}

// saved is a file on the disk of the person.
func saved(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestInBrowser drives a real Chromium, one for all.
func TestInBrowser(t *testing.T) {
	t.Parallel()
	browser := startChromium(t)
	for name, walk := range map[string]func(*testing.T, context.Context){
		"every task, in one go":             everyTaskInOneGo,
		"signing in again":                  signingInAgain,
		"signing in with two factors":       signingInWithTwoFactors,
		"who waits can sign out":            whoWaitsCanSignOut,
		"editing in the table":              editingInTheTable,
		"upload that is too large":          uploadThatIsTooLarge,
		"several files, dropped anywhere":   severalFilesDroppedAnywhere,
		"file that does not say what it is": fileThatDoesNotSay,
		"application inside a merged file":  applicationInsideMergedFile,
		"installing over USB":               installingOverUSB,
		"installing is refused":             installingIsRefused,
		"rows change by themselves":         rowsChangeByThemselves,
		"a lost connection is told":         aLostConnectionIsTold,
		"what is deleted is told":           whatIsDeletedIsTold,
		"foreign text turns nothing":        foreignTextTurnsNothing,
		"times are the viewer's":            timesAreTheViewers,
		"changes disturb nothing":           changesDisturbNothing,
		"what was forgotten stays away":     whatWasForgottenStaysAway,
		"all of it without scripts":         allOfItWithoutScripts,
		"the bar fits phones":               theBarFitsPhones,
		"pages fit and are accessible":      pagesFitAndAreAccessible,
		"hostile strings stay text":         hostileStringsStayText,
	} {
		t.Run(name, func(t *testing.T) { walk(t, browser) })
	}
}

// signingInAgain comes back to the page that was asked for.
func signingInAgain(t *testing.T, browser context.Context) {
	b := fleetTab(t, browser)
	b.visit("/new-devices")
	b.click(".bar-account button")
	b.sees("h1", "Sign in")
	b.visit("/devices?q=room")
	b.sees("h1", "Sign in")
	b.write("#email", "admin@example.com")
	b.write("#password", "wrong")
	b.press("\r")
	b.sees("#form-error", "The e-mail address or the password is wrong.")
	b.accessible("a refused sign-in")
	b.write("#password", password)
	b.press("\r")
	b.wait("location.pathname + location.search == '/devices?q=room'")
	b.sees("#devices", "Room 201")
	b.quiet()
}

// editingInTheTable edits as people with keyboards do.
func editingInTheTable(t *testing.T, browser context.Context) {
	b := fleetTab(t, browser)
	b.visit("/devices")
	b.click("#device-a4cf12b3c401 .c-notes a")
	b.wait("document.activeElement.name == 'notes'")
	b.write("#notes-a4cf12b3c401", "Room 7")
	b.accessible("a row that is edited")
	b.press("\x1b")
	b.sees("#device-a4cf12b3c401 .c-notes", "Room 201")
	b.wait("document.activeElement.matches('#device-a4cf12b3c401 .c-notes a')")
	b.press("\r")
	b.write("#notes-a4cf12b3c401", "Room 7")
	b.press("\r")
	b.sees("#device-a4cf12b3c401 .c-notes", "Room 7")
	b.sees("#flash", "A4:CF:12:B3:C4:01 is saved")
	b.eval("expired.splice(0).forEach(leaves => leaves())") // as time does
	b.wait("!document.querySelector('#flash .notice')")

	b.write("#q", "c4:04")
	b.wait("document.querySelectorAll('#devices tr').length == 1 && location.search.includes('q=c4%3A04')")
	b.click("#device-a4cf12b3c404 button[title=Revoke]")
	b.wait("!document.querySelector('#device-a4cf12b3c404')")
	b.sees("#new-count", "3")
	b.visit("/devices/a4cf12b3c401")
	b.click(".is-danger")
	b.sees("#flash", "A4:CF:12:B3:C4:01 is forgotten")
	if asked, _ := b.heard(); asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	b.quiet()
}

// uploadThatIsTooLarge is told before anything is sent.
func uploadThatIsTooLarge(t *testing.T, browser context.Context) {
	b := fleetTab(t, browser, func(c *handlers.Config) { c.MaxFirmware = 100_000 })
	b.visit("/uploads/new")
	b.drop(".drop", saved(t, "large.bin", make([]byte, 100_001)))
	b.sees(".too-large:not([hidden])", "large.bin is larger than 98 KiB")
	b.drop(".drop", saved(t, "sun.bin", firmwaretest.ESP32App(firmwaretest.ESP32C3, firmwaretest.Tag("smart-sun", "v0.1.0"))))
	b.sees("#reports", "there is no platform smart-sun")
	if _, changes := b.heard(); changes != 1 {
		t.Errorf("%d files were sent, not the small one alone", changes)
	}
	b.wait("!document.querySelector('.too-large:not([hidden])')")
	b.click("button[name=create]")
	b.sees("#reports", "smart-sun v0.1.0 is ready")
	b.wait("location.pathname != '/uploads/new'")
	b.do(reload)
	b.sees("#report", "smart-sun v0.1.0 is ready")
	b.quiet()
}

// pagesFitAndAreAccessible looks at every page at 360 pixels, and at both looks for
// what axe-core finds wrong.
func pagesFitAndAreAccessible(t *testing.T, browser context.Context) {
	b := fleetTab(t, browser)
	b.visit("/activity")
	entry := b.eval("document.querySelector('#activity a').getAttribute('href')")
	for _, path := range []string{
		"/", "/activity", "/activity?q=nothing+of+that+sort", entry, "/devices", "/devices/new", "/devices/a4cf12b3c401", "/platforms", "/platforms/new", "/platforms/smart-lamp",
		"/platforms/smart-lamp/edit", "/platforms/smart-lamp/delete", "/platforms/smart-lamp/install",
		"/platforms/smart-lamp/release/edit?version=v1.0.2", "/platforms/smart-lamp/release/delete", "/new-devices", "/uploads/new", "/users/new", "/there/is/nothing",
		"/devices/import", "/devices?q=nothing+of+that+sort", "/new-devices?ignored=1", "/users", "/account", "/account/factor/new", "/account/factor/delete", "/account/delete", "/backup/new",
	} {
		b.visit(path)
		b.fits(path)
	}
	b.visit("/platforms/smart-lamp")
	b.click("#passwords form button")
	b.sees("h1", "The password of smart-lamp")
	b.fits("the page of a new password")
	b.visit("/platforms/smart-lamp")
	b.click("#manifests form button")
	b.sees("h1", "A manifest key of smart-lamp")
	b.fits("the page of a new manifest key")
	b.visit("/platforms/smart-lamp")
	b.sees("#manifests tbody", "admin@example.com")
	b.fits("the page of a platform with a manifest key")
	for page, link := range map[string]string{"/platforms/smart-lamp": "#passwords a[href$='/delete']", "/users": "a[href$='/delete']"} {
		b.visit(page)
		b.click(link)
		b.wait("location.pathname.endsWith('/delete') && document.readyState == 'complete'")
		b.fits("the question of " + page)
	}
	b.quiet()
}

// fits fails the test where the page is wider than the window, or what axe-core
// finds wrong, on a screen and on a phone.
func (b *tab) fits(where string) {
	b.t.Helper()
	for look, width := range map[string]int64{"light": 1280, "dark": 360} {
		b.resize(width)
		b.scheme(look)
		if got := b.eval("document.documentElement.scrollWidth - innerWidth"); got != "0" && got[0] != '-' {
			b.t.Errorf("%s is %s pixels too wide for %d", where, got, width)
		}
		b.accessible(fmt.Sprintf("%s (%s, %d)", where, look, width))
	}
	b.resize(1280)
}
