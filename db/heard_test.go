package db_test

import (
	"fmt"
	"testing"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestSawWritesTimesAlone holds that a time is written to the devices that are
// there, not to those that were forgotten, and never goes back.
func TestSawWritesTimesAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		at := db.Now().Add(-time.Hour)
		checkIn(t, d, mac, "lamp", "v1.0.2", at, fleet.Refusal)
		later := at.Add(time.Minute + 123*time.Microsecond)
		must(t, d.Devices.Saw(ctx, []fleet.Seen{{MAC: mac, At: later}, {MAC: "00000000000a", At: later}}))
		must(t, d.Devices.Saw(ctx, []fleet.Seen{{MAC: mac, At: at}}))
		if got := device(t, d, mac); !got.LastSeen.Equal(later) || got.Version != "v1.0.2" || got.IP == "" {
			t.Errorf("%+v", got)
		}
		if list, err := d.Devices.FindMany(ctx, []fleet.MAC{"00000000000a"}); err != nil || len(list) > 0 {
			t.Errorf("a device that was forgotten is back: %v, %v", list, err)
		}
		checkIn(t, d, mac, "lamp", "v1.0.2", db.Now().Add(time.Hour), fleet.Refusal) // by a clock that was wrong
		must(t, d.Devices.Saw(ctx, []fleet.Seen{{MAC: mac, At: later}}))
		if got := device(t, d, mac); !got.LastSeen.Equal(later) {
			t.Errorf("it was last seen at %v, want %v", got.LastSeen, later)
		}
	})
}

// TestSettledTimes holds that what was seen is told alike before and after it is
// settled, that it is settled piece by piece, and what it is settled for.
func TestSettledTimes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		at := db.Now().Add(-2 * fleet.SilentAfter)
		var list []fleet.Seen
		for n := range 5 {
			m := fleet.MAC(fmt.Sprintf("%012x", n))
			checkIn(t, d, m, "lamp", "v1.0.2", at.Add(time.Duration(n)*time.Minute), fleet.NoUpdate)
			list = append(list, fleet.Seen{MAC: m, At: at.Add(time.Hour - time.Duration(n)*time.Minute)})
		}
		must(t, d.Devices.Saw(ctx, list))
		told := func() {
			t.Helper()
			for _, s := range list {
				if got := device(t, d, s.MAC); !got.LastSeen.Equal(s.At) {
					t.Errorf("%s was last seen at %v, want %v", s.MAC, got.LastSeen, s.At)
				}
			}
			known := map[fleet.MAC]time.Time{}
			must(t, d.Index.Devices(ctx, func(k fleet.Known) { known[k.MAC] = k.LastSeen }))
			must(t, d.Index.Seen(ctx, func(s fleet.Seen) { known[s.MAC] = s.At }))
			for _, s := range list {
				if !known[s.MAC].Equal(s.At) {
					t.Errorf("a start finds %s seen at %v, want %v", s.MAC, known[s.MAC], s.At)
				}
			}
		}
		told()
		for _, want := range []fleet.MAC{list[1].MAC, list[3].MAC, list[4].MAC, ""} {
			last, err := d.Devices.Settle(ctx, lastOf(want, list), 2)
			if err != nil || last != want {
				t.Fatalf("settled up to %q, want %q: %v", last, want, err)
			}
			told()
		}
		page, err := d.Devices.Page(ctx, fleet.DeviceQuery{Sort: fleet.ByLastSeen})
		must(t, err)
		if got := page.Devices[0].MAC; len(page.Devices) != 5 || got != list[4].MAC {
			t.Errorf("%s of %d comes first, want %s", got, len(page.Devices), list[4].MAC)
		}
		left := 0
		must(t, d.Index.Seen(ctx, func(fleet.Seen) { left++ }))
		if left > 0 {
			t.Errorf("%d times are settled and lie there still", left)
		}
	})
}

// lastOf is where the piece before the one that ends with a device ended.
func lastOf(mac fleet.MAC, list []fleet.Seen) fleet.MAC {
	switch mac {
	case list[1].MAC:
		return ""
	case list[3].MAC:
		return list[1].MAC
	case list[4].MAC:
		return list[3].MAC
	}
	return list[4].MAC
}

// TestForgottenWithItsTime holds that a device which is forgotten takes its time
// with it, and brings it back when that is undone.
func TestForgottenWithItsTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		at := db.Now().Add(-time.Hour)
		checkIn(t, d, mac, "lamp", "v1.0.2", at, fleet.Refusal)
		later := at.Add(time.Minute)
		must(t, d.Devices.Saw(ctx, []fleet.Seen{{MAC: mac, At: later}}))
		r := fleet.Removal{ID: "r", UserID: "u", Kind: fleet.Oblivion, By: "a@example.com"}
		_, err := d.Devices.RemoveAll(ctx, fleet.Selection{MACs: []fleet.MAC{mac}}, 1, r)
		must(t, err)
		must(t, d.Index.Seen(ctx, func(s fleet.Seen) { t.Errorf("%s is forgotten, and when it was heard is not", s.MAC) }))
		_, err = d.Devices.Undo(ctx, r)
		must(t, err)
		if got := device(t, d, mac); !got.LastSeen.Equal(later) {
			t.Errorf("it was last seen at %v, want %v", got.LastSeen, later)
		}
	})
}
