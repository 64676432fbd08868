package handlers_test

import (
	"net/url"
	"strings"
	"testing"

	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestTheSameFileAgain tells who sends a published file once more that it is
// published, and not to raise its version.
func TestTheSameFileAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		again := func(want string) {
			t.Helper()
			if got := b.upload("lamp.bin", firmwaretest.Lamp("v1.0.2"), nil, 422).text(t, "#report .report-head"); !strings.Contains(got, want) || strings.Contains(got, "Raise") {
				t.Errorf("says %q", got)
			}
		}
		again("This file is already published as v1.0.2. There is nothing to do.")
		b.submit("/platforms/smart-lamp/release?_method=DELETE", url.Values{"version": {"v1.0.2"}}, 303)
		again("This file was published as v1.0.2 and withdrawn. To offer it again, choose that release on the page of smart-lamp.")
	})
}

// TestConfirmingIsNoDeadEnd asks nobody to confirm a file that is refused for
// something else all the same.
func TestConfirmingIsNoDeadEnd(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		old := firmwaretest.ESP32App(firmwaretest.ESP32C3, firmwaretest.Tag("smart-lamp", "v1.0.1"))
		for _, accept := range []string{"", "chip-changed"} {
			a := b.upload("old.bin", old, map[string]string{"accept": accept}, 422)
			if got := a.text(t, "#report .verdict"); !strings.Contains(got, "v1.0.1 is not higher than v1.0.2") {
				t.Errorf("says %q", got)
			}
			if a.has(".again") || !strings.Contains(a.text(t, ".findings"), "Other chip than before") || strings.Contains(a.body, "Or confirm") {
				t.Errorf("offers %s", a.body)
			}
		}
	})
}
