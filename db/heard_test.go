package db_test

import (
	"slices"
	"testing"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestSettleWritesTimesAlone holds that a time is written to the devices that are
// there, not to those that were forgotten, and never goes back.
func TestSettleWritesTimesAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		at := db.Now().Add(-time.Hour)
		checkIn(t, d, mac, "lamp", "v1.0.2", at, fleet.Refusal)
		later := at.Add(time.Minute + 123*time.Microsecond)
		must(t, d.Devices.Settle(ctx, []fleet.Seen{{MAC: mac, At: later}, {MAC: "00000000000a", At: later}}))
		must(t, d.Devices.Settle(ctx, []fleet.Seen{{MAC: mac, At: at}}))
		if got := device(t, d, mac); !got.LastSeen.Equal(later) || got.Version != "v1.0.2" || got.IP == "" {
			t.Errorf("%+v", got)
		}
		if list, err := d.Devices.FindMany(ctx, []fleet.MAC{"00000000000a"}); err != nil || len(list) > 0 {
			t.Errorf("a device that was forgotten is back: %v, %v", list, err)
		}
		checkIn(t, d, mac, "lamp", "v1.0.2", db.Now().Add(time.Hour), fleet.Refusal) // by a clock that was wrong
		must(t, d.Devices.Settle(ctx, []fleet.Seen{{MAC: mac, At: later}}))
		if got := device(t, d, mac); !got.LastSeen.Equal(later) {
			t.Errorf("it was last seen at %v, want %v", got.LastSeen, later)
		}
	})
}

// TestKeptTimes holds that what a process kept of when it heard devices is told at
// the next start and to the others, and that others take over what it left.
func TestKeptTimes(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		d, before := dbtest.Open(t, c), db.Now().Add(-time.Second)
		at := db.Now().Add(-time.Hour)
		list := []fleet.Seen{{MAC: "00000000000a", At: at}, {MAC: mac, At: at.Add(time.Minute + 123*time.Microsecond)}}
		must(t, d.Devices.Saw(ctx, 3, []fleet.Seen{{MAC: mac, At: at}}))
		must(t, d.Devices.Saw(ctx, 3, list)) // in place of that
		must(t, d.Devices.Saw(ctx, 4, list[:1]))
		must(t, d.Devices.Saw(ctx, 4, nil))
		told := func(d *db.DB, since time.Time, wantLeft bool, want ...fleet.Seen) {
			t.Helper()
			var got []fleet.Seen
			must(t, d.Index.Seen(ctx, since, func(s fleet.Seen, left bool) {
				got = append(got, s)
				if left != wantLeft {
					t.Errorf("%s is left: %v", s.MAC, left)
				}
			}))
			if !slices.Equal(got, want) {
				t.Errorf("told %v, want %v", got, want)
			}
		}
		told(d, time.Time{}, true, list...)
		told(d, before, true) // its own it knows
		other := dbtest.Open(t, c)
		if c.URL == "" {
			told(other, time.Time{}, true, list...) // the same server, started again
			return
		}
		told(other, time.Time{}, false, list...)
		told(other, before, false, list...)
		told(other, db.Now().Add(time.Minute), false)
		must(t, other.Index.DropSeen(ctx))
		must(t, d.Exec(`UPDATE heard SET at = $1`, db.Now().Add(-time.Hour))) // it is gone
		told(other, before, true, list...)
		must(t, other.Index.DropSeen(ctx))
		told(other, time.Time{}, true)
	})
}
