package handlers_test

import (
	"strings"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestPagesSpeakToPeople holds sentences to what who reads them can do.
func TestPagesSpeakToPeople(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		for path, want := range map[string]string{
			"/devices?after=zzz":   "This page of the list cannot be found: start again from the first.",
			"/devices?state=happy": `There is no state "happy": choose behind, refused, silent, waiting, up-to-date or new.`,
			"/activity?kind=x":     `There is no kind "x": choose platforms, releases, devices, users or sign-ins.`,
		} {
			if got := b.get(path, 422).text(t, "main"); !strings.Contains(got, want) {
				t.Errorf("%s says %q", path, got)
			}
		}
		for path, want := range map[string]string{
			"/platforms/smart-lamp": "Changes to this platform", "/devices/a4cf12b3c401": "Changes to this device",
		} {
			if got := b.get(path, 200).text(t, "main a[href^='/activity?q=']"); got != want {
				t.Errorf("%s leads on to %q", path, got)
			}
		}
		if got := b.get("/platforms/smart-lamp", 200).text(t, "#platform-versions"); !strings.Contains(got, "A chart of each day starts tomorrow.") {
			t.Errorf("of the versions: %q", got)
		}
		if got := b.get("/new-devices", 200).text(t, ".lead"); !strings.HasPrefix(got, "They are on no whitelist, so they keep") {
			t.Errorf("of new devices, some of which lost their platform: %q", got)
		}
		if a := b.get("/devices", 200); !strings.Contains(a.body, "so this page may be out of date. Trying to reconnect.") {
			t.Error("of a lost connection")
		}
	})
}

// TestPageOfMergedFile offers buttons, and no command line.
func TestPageOfMergedFile(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		a := b.upload("merged.bin", merged(firmwaretest.ESP32App(firmwaretest.ESP32C3, firmwaretest.Tag("smart-sun", "v0.1.0"))), nil, 422)
		if got := a.text(t, "#report"); strings.Contains(got, "--extract") || !strings.Contains(got, "Use the application inside it, or send") {
			t.Errorf("says %q", got)
		}
	})
}

// TestFailuresHaveTitles tells by its title what sort of failure a page is about.
func TestFailuresHaveTitles(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Viewer)
		for path, want := range map[string]struct {
			status int
			title  string
		}{
			"/platforms/nope":      {404, "Page not found"},
			"/there/is/nothing":    {404, "Page not found"},
			"/users":               {403, "Not allowed"},
			"/devices?state=happy": {422, "Not understood"},
			"/password?token=old":  {404, "This link no longer works"},
		} {
			if got := b.get(path, want.status).text(t, "h1"); got != want.title {
				t.Errorf("%s is titled %q", path, got)
			}
		}
	})
}

// TestOldSetupLink says where the newest one is while nobody could be asked.
func TestOldSetupLink(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		app := newApp(t, d)
		says := func() string {
			return ask(t, app, request{path: "/setup?token=old"}).wants(t, 404).text(t, "main article")
		}
		if got := says(); !strings.Contains(got, "Take the newest link from the server's log: it prints one at each start.") {
			t.Errorf("without an admin: %q", got)
		}
		signedIn(t, d, account.Admin)
		if got := says(); !strings.Contains(got, "Ask for a new one.") {
			t.Errorf("with one: %q", got)
		}
	})
}
