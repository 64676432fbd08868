package db_test

import (
	"testing"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/app/version"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestHistoryOfPlatforms holds that what is done to a platform's releases is
// told among what happens to devices, and that its end is told of its devices.
func TestHistoryOfPlatforms(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		platform(t, d, "pump")
		permit(t, d, mac, "lamp")
		permit(t, d, "000000000002", "pump")
		publish(t, d, "lamp", "v1.0.2", "old")
		publish(t, d, "lamp", "v1.0.3", "new")
		must(t, d.Releases.Withdraw(ctx, "lamp", "", version.ParseLenient("v1.0.3")))
		must(t, d.Releases.Offer(ctx, "lamp", "", version.ParseLenient("v1.0.3")))
		if err := d.Releases.Publish(ctx, publication("lamp", "v1.0.1", "x")); err == nil {
			t.Error("a lower version is published")
		}
		tells(t, d, []fleet.Happening{
			{Event: fleet.OfferChosen, Platform: "lamp", Version: "v1.0.3"},
			{Event: fleet.Withdrawn, Platform: "lamp", Version: "v1.0.2", FromVersion: "v1.0.3"},
			{Event: fleet.Published, Platform: "lamp", Version: "v1.0.3", Detail: "a@example.com"},
			{Event: fleet.Published, Platform: "lamp", Version: "v1.0.2", Detail: "a@example.com"},
			{MAC: "000000000002", Event: fleet.Permitted, Platform: "pump"},
			{MAC: mac, Event: fleet.Permitted, Platform: "lamp"},
		})
		must(t, d.Platforms.Delete(ctx, "lamp"))
		tells(t, d, []fleet.Happening{
			{MAC: mac, Event: fleet.Revoked, Platform: "lamp"},
			{MAC: "000000000002", Event: fleet.Permitted, Platform: "pump"},
			{MAC: mac, Event: fleet.Permitted, Platform: "lamp"},
		})
		if list, err := d.History.Of(ctx, mac, 10); err != nil || len(list) != 2 || list[0].Event != fleet.Revoked {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

// TestWhatIsDoneInOneGo is told of one device, with how many more there are, so
// that it does not push all else out of sight.
func TestWhatIsDoneInOneGo(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		d := fill(t, c, 600)
		lamps := fleet.Selection{Query: &fleet.DeviceQuery{Platform: "smart-lamp"}}
		revoked, err := d.Devices.RemoveAll(ctx, lamps, 600, fleet.Removal{ID: "x", Kind: fleet.Revocation, By: "ada"})
		must(t, err)
		permitted, err := d.Devices.PermitAll(ctx, fleet.Selection{Query: &fleet.DeviceQuery{State: fleet.New}}, 600, "garden-pump", "ada")
		must(t, err)
		list, err := d.History.Latest(ctx, 20)
		must(t, err)
		if len(list) != 2 || revoked < 500 || permitted != 600 {
			t.Fatalf("%d lines of %d and %d: %+v", len(list), revoked, permitted, list)
		}
		if h := list[0]; h.Event != fleet.Permitted || h.Platform != "garden-pump" || h.Others != permitted-1 {
			t.Errorf("%+v, of %d", h, permitted)
		}
		if h := list[1]; h.Event != fleet.Revoked || h.Platform != "smart-lamp" || h.Others != revoked-1 {
			t.Errorf("%+v, of %d", h, revoked)
		}
	})
}

// tells fails the test unless the history is that, the newest first, whenever it was.
func tells(t *testing.T, d *db.DB, want []fleet.Happening) {
	t.Helper()
	got, err := d.History.Latest(ctx, 100)
	must(t, err)
	if len(got) != len(want) {
		t.Fatalf("%d lines: %+v", len(got), got)
	}
	for i, h := range got {
		if want[i].At = h.At; h != want[i] {
			t.Errorf("line %d is %+v, want %+v", i, h, want[i])
		}
	}
}

// TestHistoryIsBounded holds that the oldest lines go, and no other.
func TestHistoryIsBounded(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		d, at := dbtest.Open(t, c), db.Now()
		for i := range 10 {
			must(t, d.Exec(`INSERT INTO history (mac, at, event, platform) VALUES ($1, $2, 'offered', 'lamp')`, mac, at.Add(time.Duration(i)*time.Minute)))
		}
		for _, bound := range []struct {
			most int
			left int64
		}{{20, 10}, {10, 10}, {6, 6}, {6, 6}} {
			d.KeepHistory(bound.most)
			must(t, d.History.Prune(ctx, 90))
			if n := dbtest.Count(t, c, "history"); n < bound.left || n > bound.left+1 {
				t.Errorf("%d lines are left of %d at most", n, bound.most)
			}
		}
		list, err := d.History.Of(ctx, mac, 100)
		if must(t, err); len(list) > 0 && list[0].At.Before(at.Add(9*time.Minute)) {
			t.Errorf("the newest is of %v", list[0].At)
		}
	})
}
