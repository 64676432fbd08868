package db_test

import (
	"testing"

	"esp-update-server/app/firmware"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestPackedSizesAreMeasured holds that images which were published before anybody
// asked are measured once, and that the index hears of it.
func TestPackedSizesAreMeasured(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for name, data := range map[string][]byte{"plain": firmwaretest.Lamp("v1.0.0"), "signed": append(firmwaretest.Lamp("v1.0.1"), append(make([]byte, 256), 0, 1, 0, 0)...)} {
			platform(t, d, name)
			i := release.Describe(data, firmware.Inspect(data, firmware.Options{}))
			if (i.PackedSize > 0) != (name == "plain") {
				t.Errorf("%s: described as %d bytes", name, i.PackedSize)
			}
			i.PackedSize = 0
			must(t, d.Releases.Publish(ctx, &release.Publication{Platform: name, Version: version.ParseLenient("v1"), Image: i, Data: data, Keep: 10}))
		}
		before, err := d.Index.State(ctx)
		must(t, err)
		must(t, release.MeasurePacked(ctx, d.Releases))
		after, err := d.Index.State(ctx)
		must(t, err)
		if after.Catalog <= before.Catalog {
			t.Error("the index does not hear of it")
		}
		plain, err := d.Releases.Offered(ctx, "plain")
		must(t, err)
		signed, err := d.Releases.Offered(ctx, "signed")
		must(t, err)
		if plain.Images[0].PackedSize <= 0 || plain.Images[0].PackedSize >= plain.Images[0].Size || signed.Images[0].PackedSize >= 0 {
			t.Errorf("%d and %d bytes", plain.Images[0].PackedSize, signed.Images[0].PackedSize)
		}
		if left, err := d.Releases.Unmeasured(ctx); err != nil || len(left) != 0 {
			t.Errorf("still to measure: %v, %v", left, err)
		}
	})
}

// TestRunBy finds what a board runs by the digest of its sketch alone.
func TestRunBy(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		platform(t, d, "pump")
		publish(t, d, "lamp", "v1.0.0", "a")
		for said, want := range map[string]string{"r1": publication("lamp", "v1.0.0", "a").Image.SHA256, "r2": publication("lamp", "v1.0.0", "a").Image.SHA256, "r": "", "": "", "%": "", "r1 r2": publication("lamp", "v1.0.0", "a").Image.SHA256} {
			if got, err := d.Releases.RunBy(ctx, "lamp", said); err != nil || got != want {
				t.Errorf("%q: %q, %v", said, got, err)
			}
		}
		if got, err := d.Releases.RunBy(ctx, "pump", "r1"); err != nil || got != "" {
			t.Errorf("of another platform: %q, %v", got, err)
		}
	})
}

// TestCompressedFor counts devices, each once, that were offered a release
// compressed or took it so.
func TestCompressedFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		publish(t, d, "lamp", "v1.0.3", "a")
		offered, err := d.Releases.Offered(ctx, "lamp")
		must(t, err)
		packed := ota.Decision{Answer: fleet.Offer, Reason: ota.NewerPacked, Release: offered, Packed: true}
		for n, m := range []fleet.MAC{mac, "000000000002", "000000000003"} {
			permit(t, d, m, "lamp")
			c := &fleet.CheckIn{MAC: m, Platform: "LAMP", Version: "v1", At: db.Now(), Report: fleet.Report{Family: firmware.ESP8266, Inflates: n < 2}}
			if n < 2 {
				record(t, d, c, packed)
			} else {
				record(t, d, c, ota.Decision{Answer: fleet.Offer, Reason: ota.Newer, Release: offered})
			}
			must(t, d.Devices.CountDownloads(ctx, []fleet.Download{{MAC: m, Platform: "lamp", Version: "v1.0.3", At: db.Now(), Packed: n < 2}}))
		}
		got, err := d.History.CompressedFor(ctx, "lamp")
		if err != nil || len(got) != 1 || got["v1.0.3"] != 2 {
			t.Errorf("%v, %v", got, err)
		}
		if got, err := d.History.CompressedFor(ctx, "pump"); err != nil || len(got) != 0 {
			t.Errorf("%v, %v", got, err)
		}
		rooms, err := d.Releases.Room(ctx, "lamp")
		if err != nil || len(rooms) != 2 || !rooms[0].Inflates || rooms[0].Devices != 2 || rooms[1].Inflates {
			t.Errorf("%+v, %v", rooms, err)
		}
		if found := device(t, d, mac); !found.Report.Inflates {
			t.Errorf("%+v", found.Report)
		}
	})
}
