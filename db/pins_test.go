package db_test

import (
	"testing"

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
		first := ota.Pin{MAC: mac, Platform: "lamp", Version: "v1.0.2", SHA256: "a", Stage: ota.Begun, Since: db.Now(), LastUsed: db.Now()}
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
		must(t, d.Pins.Save(ctx, &first))
		must(t, d.Pins.Drop(ctx, mac))
		if p := find(); p != nil {
			t.Errorf("%+v was dropped", p)
		}
	})
}
