package db_test

import (
	"fmt"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestClockGoesBack holds that what was written by a clock which was ahead by an
// hour stays in nobody's way.
func TestClockGoesBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ahead, now := db.Now().Add(time.Hour), db.Now()
		check := func(at time.Time, ver string) {
			record(t, d, &fleet.CheckIn{MAC: mac, Platform: "lamp", Version: ver, IP: "192.0.2.1", At: at}, notWhitelisted)
		}
		seen := func(want time.Time, ver string) {
			t.Helper()
			found, err := d.Devices.Find(ctx, mac)
			must(t, err)
			if !found.LastSeen.Equal(want) || found.Version != ver {
				t.Errorf("seen %v with %s; want %v with %s", found.LastSeen, found.Version, want, ver)
			}
		}
		check(ahead, "v1.0.0")
		must(t, d.Devices.Settle(ctx, []fleet.Seen{{MAC: mac, At: now}})) // with nothing new
		seen(now, "v1.0.0")
		check(ahead, "v1.0.0")
		check(now, "v1.0.1") // with news
		seen(now, "v1.0.1")
		must(t, d.Devices.Settle(ctx, []fleet.Seen{{MAC: mac, At: now.Add(-time.Minute)}})) // another process heard it later
		seen(now, "v1.0.1")

		u := &account.User{ID: account.NewID(), Email: "a@example.com", Role: account.Admin}
		must(t, d.Users.Create(ctx, u))
		must(t, d.Sessions.Create(ctx, "hash", u.ID, "", "192.0.2.1", false))
		must(t, d.Exec(`UPDATE sessions SET created_at = $1, last_used = $1`, ahead))
		if found, err := d.Sessions.Find(ctx, "hash"); err != nil || found == nil {
			t.Errorf("who is signed in is put out: %v", err)
		}
	})
}

// TestClockGoesBackUnderDrafts holds that drafts which a clock that was ahead left
// do not push out new ones.
func TestClockGoesBackUnderDrafts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user(t, d, "u1", account.Admin)
		ahead := db.Now().Add(time.Hour)
		for n := range 2 * release.MaxDrafts {
			draft := release.Draft{ID: fmt.Sprint(n), UserID: "u1", Data: []byte("image"), Inspection: publication("lamp", "v1.0.0", "image").Image.Inspection}
			must(t, d.Drafts.Save(ctx, &draft))
			_, err := d.Drafts.Find(ctx, draft.ID, "u1")
			must(t, err)
			if n < release.MaxDrafts {
				must(t, d.Exec(`UPDATE drafts SET created_at = $1`, ahead))
			}
		}
	})
}
