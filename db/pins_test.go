package db_test

import (
	"testing"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestPins holds that a device has one pin, which ends with its platform.
func TestPins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		platform(t, d, "pump")
		find := func() *ota.Pin {
			p, err := d.Pins.Find(ctx, mac)
			must(t, err)
			if p != nil {
				p.Since, p.LastUsed = p.Since.UTC(), p.LastUsed.UTC()
			}
			return p
		}
		if p := find(); p != nil {
			t.Errorf("%+v", p)
		}
		first := ota.Pin{MAC: mac, Platform: "lamp", Version: "v1.0.2", SHA256: "a", Stage: ota.Begun, Beginnings: 2, Since: db.Now(), LastUsed: db.Now()}
		second := first
		second.Platform, second.Version, second.SHA256, second.Stage, second.LastUsed = "pump", "v1.0.3", "b", ota.Taken, db.Now()
		for _, want := range []ota.Pin{first, second} {
			must(t, d.Pins.Save(ctx, &want))
			if p := find(); p == nil || *p != want {
				t.Errorf("%+v; want %+v", p, want)
			}
		}
		must(t, d.Pins.Take(ctx, &first))
		if p := find(); *p != second {
			t.Errorf("the end of another image makes it %+v", p)
		}
		second.Stage = ota.Begun
		must(t, d.Pins.Save(ctx, &second))
		must(t, d.Pins.Take(ctx, &second))
		if p := find(); p.Stage != ota.Taken || p.Version != second.Version {
			t.Errorf("its end makes it %+v", p)
		}
		must(t, d.Platforms.Delete(ctx, "pump"))
		if p := find(); p != nil {
			t.Errorf("the platform is gone, and there is %+v", p)
		}
	})
}

// TestWholeDownloadsEndPins holds that a device which took a whole application is
// pinned to nothing any more, unless it began in parts after that.
func TestWholeDownloadsEndPins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		at := db.Now()
		for name, c := range map[string]struct {
			download fleet.Download
			kept     bool
		}{
			"an application":     {fleet.Download{MAC: mac, Platform: "lamp", Version: "v1.0.3", At: at}, false},
			"for a part of it":   {fleet.Download{MAC: mac, Platform: "lamp", Version: "v1.0.3", At: at, Pinned: true}, true},
			"by another board":   {fleet.Download{MAC: "18fe34000009", Platform: "lamp", Version: "v1.0.3", At: at}, true},
			"by a manifest key":  {fleet.Download{Platform: "lamp", Version: "v1.0.3", At: at}, true},
			"a file system":      {fleet.Download{MAC: mac, Platform: "lamp", Filesystem: "LittleFS", Version: "v1.0.3", At: at}, true},
			"before it began so": {fleet.Download{MAC: mac, Platform: "lamp", Version: "v1.0.3", At: at.Add(-time.Hour)}, true},
		} {
			must(t, d.Pins.Save(ctx, &ota.Pin{MAC: mac, Platform: "lamp", Version: "v1.0.2", SHA256: "a", Stage: ota.Begun, Since: at, LastUsed: at.Add(-time.Second)}))
			must(t, d.Devices.CountDownloads(ctx, []fleet.Download{c.download}))
			p, err := d.Pins.Find(ctx, mac)
			if must(t, err); (p != nil) != c.kept {
				t.Errorf("%s: %+v", name, p)
			}
		}
	})
}
