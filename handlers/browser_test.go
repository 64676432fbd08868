package handlers_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/db/dbtest"
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
	browser := startChromium(t)
	for name, walk := range map[string]func(*testing.T, context.Context){
		"from empty server to updated board": fromEmptyServerToUpdatedBoard,
		"signing in again":                   signingInAgain,
		"signing in with two factors":        signingInWithTwoFactors,
		"editing in the table":               editingInTheTable,
		"adding in place":                    addingInPlace,
		"upload that is too large":           uploadThatIsTooLarge,
		"several files, dropped anywhere":    severalFilesDroppedAnywhere,
		"file that does not say what it is":  fileThatDoesNotSay,
		"application inside a merged file":   applicationInsideMergedFile,
		"withdrawing a release":              withdrawingARelease,
		"copying a sketch":                   copyingASketch,
		"rows change by themselves":          rowsChangeByThemselves,
		"overview tells what happens":        overviewTellsWhatHappens,
		"a lost connection is told":          aLostConnectionIsTold,
		"new devices appear":                 newDevicesAppear,
		"keys go places":                     keysGoPlaces,
		"pages fit and are accessible":       pagesFitAndAreAccessible,
	} {
		t.Run(name, func(t *testing.T) { walk(t, browser) })
	}
}

// fromEmptyServerToUpdatedBoard walks the main job: from the set-up link to a
// board that gets the very bytes that were dropped.
func fromEmptyServerToUpdatedBoard(t *testing.T, browser context.Context) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	base := "http://" + serveOn(t, d, ownAddress())
	secret := account.NewSecret()
	if err := d.Links.Create(context.Background(), account.HashSecret(secret), account.SetupLink, "", time.Hour); err != nil {
		t.Fatal(err)
	}
	b := openTab(t, browser, base)
	b.visit("/setup?token=" + secret)
	b.write("#email", "ada@example.com")
	b.write("#password", "analytical")
	b.click("form button[type=submit]")
	b.sees("h1", "Platforms")

	b.click(".empty-state a")
	b.write("#name", "Smart_Lamp")
	b.press("\r")
	b.sees("#name-error", "name it smart-lamp")
	b.write("#name", "smart-lamp")
	b.press("\r")
	b.sees("#flash", "Platform smart-lamp is created.")

	if status, _ := board(t, base, "A4:CF:12:B3:C4:01", "dev=SMART_LAMP&ver=v1.0.1"); status != 400 {
		t.Errorf("a device on no whitelist got %d", status)
	}
	b.visit("/new-devices")
	b.sees("#new-device-a4cf12b3c401", "SMART_LAMP")
	b.click("#new-device-a4cf12b3c401 .permit button")
	b.wait("!document.querySelector('#new-device-a4cf12b3c401')")
	b.sees("#flash", "A4:CF:12:B3:C4:01 is permitted on smart-lamp")
	b.wait("document.querySelector('#new-count').hidden")

	lamp := firmwaretest.Lamp("v1.0.2")
	b.visit("/uploads/new")
	b.drop(".drop", saved(t, "page.bin", []byte("<!DOCTYPE html><html>404</html>")))
	b.sees("#reports", "cannot be published")
	b.accessible("the report on a refused file")
	b.drop(".drop", saved(t, "lamp.bin", lamp))
	b.wait("document.activeElement.innerText == 'Publish v1.0.2 to smart-lamp, 1 device will be offered it'")
	b.press("\r")
	b.sees("#flash", "smart-lamp v1.0.2 is published")
	if status, body := board(t, base, "A4:CF:12:B3:C4:01", "dev=SMART_LAMP&ver=v1.0.1"); status != 200 || body != string(lamp) {
		t.Errorf("the board got %d with %d bytes", status, len(body))
	}
	b.quiet()
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

// addingInPlace adds boards one after the other on a platform's page.
func addingInPlace(t *testing.T, browser context.Context) {
	b := fleetTab(t, browser)
	b.visit("/platforms/new?name=door-sensor")
	b.click("#platform-form button")
	b.sees("h1", "door-sensor")
	b.sees("#devices", "No device is on this whitelist yet")
	b.write("#mac", "a4cf12b3c4")
	b.press("\r")
	b.sees("#mac-error", "not a MAC address")
	b.write("#mac", "a4cf12b3c401")
	b.press("\r")
	b.sees("#mac-error", "on the whitelist of smart-lamp")
	b.accessible("a form with an error")
	b.click("button[name=move]")
	b.sees("#device-a4cf12b3c401", "door-sensor")
	b.wait("document.activeElement.id == 'mac' && document.activeElement.value == ''")
	b.press("a4-cf-12-b3-c4-09\r")
	b.sees("#device-a4cf12b3c409", "waiting")
	b.wait("document.querySelector('#devices .empty').checkVisibility() == false")

	b.click("#platform-notes a")
	b.write("#notes", "Batteries")
	b.click("#platform-notes button")
	b.sees("#platform-notes .notes-text", "Batteries")
	b.quiet()
}

// uploadThatIsTooLarge is told before anything is sent.
func uploadThatIsTooLarge(t *testing.T, browser context.Context) {
	b := fleetTab(t, browser, func(c *handlers.Config) { c.MaxFirmware = 100_000 })
	b.visit("/uploads/new")
	b.drop(".drop", saved(t, "large.bin", make([]byte, 100_001)))
	b.sees(".too-large:not([hidden])", "large.bin is larger than 98 KiB")
	if _, changes := b.heard(); changes != 0 {
		t.Error("it was sent")
	}
	b.drop(".drop", saved(t, "sun.bin", firmwaretest.ESP32App(firmwaretest.ESP32C3, firmwaretest.Tag("smart-sun", "v0.1.0"))))
	b.sees("#reports", "there is no platform smart-sun")
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
	for _, path := range []string{
		"/", "/devices", "/devices/new", "/devices/a4cf12b3c401", "/platforms", "/platforms/new", "/platforms/smart-lamp",
		"/platforms/smart-lamp/edit", "/platforms/smart-lamp/delete",
		"/platforms/smart-lamp/release/edit?version=v1.0.2", "/platforms/smart-lamp/release/delete", "/new-devices", "/uploads/new", "/users/new", "/there/is/nothing",
		"/users", "/account", "/account/factor/new", "/account/factor/delete", "/account/delete",
	} {
		for look, width := range map[string]int64{"light": 1280, "dark": 360} {
			b.resize(width)
			b.scheme(look)
			b.visit(path)
			if got := b.eval("document.documentElement.scrollWidth - innerWidth"); got != "0" && got[0] != '-' {
				t.Errorf("%s is %s pixels too wide for %d", path, got, width)
			}
			b.accessible(fmt.Sprintf("%s (%s, %d)", path, look, width))
		}
	}
	b.quiet()
}
