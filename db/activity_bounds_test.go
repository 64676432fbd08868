package db_test

import (
	"fmt"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestStrangersFillNothing holds that all refused sign-ins of a day, and all that
// one who waits for an admin does, are bounded.
func TestStrangersFillNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user(t, d, "w", account.Plain)
		fillActivity(t, d, activity.MaxRefused, activity.SignInRefused, "")
		must(t, d.Activity.RefuseSignIn(ctx, "", "192.0.2.1", "192.0.2.1"))
		if n := len(told(t, d, activity.Query{Search: "192.0.2.1"})); n != 0 {
			t.Error("more refused sign-ins are told than a day has")
		}
		by := activity.By(ctx, activity.Author{UserID: "w", Name: "w@example.com", Waits: true})
		fillActivity(t, d, activity.MaxOfWaiting-1, activity.NameChanged, "w")
		must(t, d.Users.SetName(by, "w", "One"))
		if err := d.Users.SetName(by, "w", "Two"); !fault.Is(err, fault.TooMany) {
			t.Errorf("who waits changed more: %v", err)
		}
		if u, err := d.Users.Find(ctx, "w"); err != nil || u.Name != "One" {
			t.Errorf("%+v, %v", u, err)
		}
		must(t, d.Sessions.Create(by, "hash", "w", "", "192.0.2.1", false))
		must(t, d.Users.SetPassword(by, "w", "another", ""))
		must(t, d.Sessions.EndAll(by, "w"))
		if n := len(told(t, d, activity.Query{Search: "w@example.com"})); n != 2 { // the invitation and one name
			t.Errorf("%d things are told of who did too much", n)
		}
	})
}

// fillActivity adds entries of now, as one statement.
func fillActivity(t *testing.T, d *db.DB, n int, action activity.Action, user string) {
	t.Helper()
	must(t, d.Exec(`
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $1)
INSERT INTO activity (id, at, user_id, author, token, ip, action, kind, subject, devices, selected, changes, search, fold)
SELECT CAST($2 AS TEXT) || CAST(10000 + n AS TEXT), $3, CAST($4 AS TEXT), 'w', '', '', CAST($5 AS TEXT), CAST($6 AS TEXT), '', 0, '', '[]', '', '' FROM numbers`,
		n, activity.IDAt(db.Now()), db.Now(), user, action, action.Kind()))
}

// TestActivityIsPruned holds that what is old, and what is over the bounds, goes
// with its devices.
func TestActivityIsPruned(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		for n := range 4 {
			permit(t, d, fleet.MAC(fmt.Sprintf("aabbccddee0%d", n)), "lamp")
		}
		must(t, d.Exec(`INSERT INTO activity SELECT $1, at, user_id, author, token, ip, action, kind, 'old', devices, selected, changes, search, fold
FROM activity WHERE kind = 'platforms'`, activity.NewID(db.Now().AddDate(0, 0, -366))))
		must(t, d.Activity.Prune(ctx, 367))
		if n := len(told(t, d, activity.Query{})); n != 6 {
			t.Fatalf("%d entries", n)
		}
		must(t, d.Activity.Prune(ctx, 365))
		list := told(t, d, activity.Query{})
		if len(list) != 5 {
			t.Fatalf("%d entries are left", len(list))
		}
		must(t, d.PruneActivity(ctx, 2, 1))
		if left := told(t, d, activity.Query{}); len(left) != 2 || left[0].ID != list[0].ID {
			t.Errorf("%d entries are left", len(left))
		}
		for n, e := range list[:2] {
			devices, err := d.Activity.Devices(ctx, e.ID, "", 10)
			if err != nil || len(devices) != 1-n {
				t.Errorf("%d devices of entry %d, %v", len(devices), n, err)
			}
		}
	})
}
