package db_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// ada is a person who changes things.
var ada = activity.Author{UserID: "ada", Name: "ada@example.com", IP: "192.0.2.7"}

// told is the entries that a query finds.
func told(t *testing.T, d *db.DB, q activity.Query) []activity.Entry {
	t.Helper()
	q.Limit = 1000
	p, err := d.Activity.Page(ctx, q)
	must(t, err)
	return p.Entries
}

// TestNobodyChangesAnything holds that a change fails when nobody is named who
// made it, and that nothing of it is kept.
func TestNobodyChangesAnything(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		c.Author = activity.Author{}
		d := dbtest.Open(t, c)
		if err := d.Platforms.Create(ctx, "lamp", ""); err == nil || fault.Of(err) != nil {
			t.Errorf("nobody created a platform: %v", err)
		}
		if _, err := d.Platforms.Find(ctx, "lamp"); !fault.Is(err, fault.NotFound) {
			t.Errorf("the platform is there: %v", err)
		}
		must(t, d.Platforms.Create(activity.By(ctx, ada), "lamp", ""))
	})
}

// TestManyDevicesAreOneEntry holds that a change of many devices is told once,
// with each device before and after, and found by each MAC.
func TestManyDevicesAreOneEntry(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		by := activity.By(ctx, ada)
		platform(t, d, "lamp")
		platform(t, d, "plug")
		for n := range 3 {
			must(t, d.Devices.Add(ctx, fleet.MAC(fmt.Sprintf("aabbccddee0%d", n)), "lamp", "Room", "", false))
		}
		checkIn(t, d, "aabbccddee09", "x", "v1.0.0", db.Now(), fleet.Refusal)
		lamps := all(fleet.DeviceQuery{Platform: "lamp"})
		changes := []struct {
			do     func() error
			action activity.Action
			line   string
		}{
			{func() error { _, err := d.Devices.PermitAll(by, lamps, 3, "plug", ""); return err }, activity.DevicePermitted, "platform: lamp → plug"},
			{func() error {
				_, err := d.Devices.RemoveAll(by, all(fleet.DeviceQuery{Platform: "plug"}), 3, removal("r1", fleet.Revocation))
				return err
			}, activity.DeviceRevoked, "platform: plug → none"},
			{func() error { _, err := d.Devices.Undo(by, removal("r1", "")); return err }, activity.DeviceRestored, "platform: none → plug"},
			{func() error {
				_, err := d.Devices.RemoveAll(by, all(fleet.DeviceQuery{Platform: "plug"}), 3, removal("r2", fleet.Oblivion))
				return err
			}, activity.DeviceForgotten, "platform: plug → none|notes: Room → none"},
			{func() error { _, err := d.Devices.Undo(by, removal("r2", "")); return err }, activity.DeviceRestored, "platform: none → plug|notes: none → Room"},
			{func() error {
				return d.Devices.Import(by, []fleet.ImportLine{
					{MAC: "aabbccddee00", Platform: "plug", Action: fleet.ImportKeep},
					{MAC: "aabbccddee01", Platform: "lamp", Notes: "Hall", Action: fleet.ImportMove},
					{MAC: "aabbccddee05", Platform: "lamp", Notes: "Hall", Action: fleet.ImportAdd},
				}, 1, "")
			}, activity.DevicesImported, "platform: plug → lamp|notes: Room → Hall"},
			{func() error { return d.Platforms.Delete(by, "plug") }, activity.PlatformDeleted, ""},
		}
		for _, c := range changes {
			must(t, c.do())
			e := told(t, d, activity.Query{})[0]
			if e.Action != c.action || e.Author != ada {
				t.Fatalf("%s: told %+v", c.action, e)
			}
			list, err := d.Activity.Devices(ctx, e.ID, "", 10)
			must(t, err)
			if int64(len(list)) != e.Devices || e.Devices < 2 {
				t.Fatalf("%s: %d devices are listed of %d", c.action, len(list), e.Devices)
			}
			at := slices.IndexFunc(list, func(d activity.Device) bool { return d.MAC == "aabbccddee01" })
			if c.line == "" {
				continue
			}
			got := ""
			for _, change := range list[at].Changes() {
				got += "|" + change.String()
			}
			if got != "|"+c.line {
				t.Errorf("%s: %s", c.action, got)
			}
		}
		for _, q := range []string{"AA:BB:CC:DD:EE:01", "aabbccddee01", "aa-bb-cc-dd-ee-01"} {
			if n := len(told(t, d, activity.Query{Search: q, Author: ada.Name})); n != 6 {
				t.Errorf("%s finds %d entries", q, n)
			}
		}
		if n := len(told(t, d, activity.Query{Search: "aa:bb:cc", Author: ada.Name})); n != 7 {
			t.Errorf("the beginning of the MACs finds %d entries", n)
		}
	})
}

// TestWhatStayedIsNotTold holds that what changes nothing makes no entry.
func TestWhatStayedIsNotTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		must(t, d.Platforms.SetNotes(ctx, "lamp", "x"))
		permit(t, d, "aabbccddee01", "lamp")
		user(t, d, "u", account.Viewer)
		before := len(told(t, d, activity.Query{}))
		lamp := "lamp"
		must(t, d.Platforms.SetNotes(ctx, "lamp", "x"))
		must(t, d.Devices.Edit(ctx, "aabbccddee01", fleet.DeviceChange{Platform: &lamp}))
		_, err := d.Users.SetRole(ctx, "u", account.Viewer)
		must(t, err)
		_, err = d.Devices.PermitAll(ctx, fleet.Selection{}, 0, "lamp", "")
		must(t, err)
		if after := len(told(t, d, activity.Query{})); after != before {
			t.Errorf("%d entries more", after-before)
		}
	})
}

// TestActivityIsFound looks entries up by words, kind, person and page.
func TestActivityIsFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for n := range 5 {
			must(t, d.Platforms.Create(activity.By(ctx, ada), fmt.Sprint("lamp-", n), ""))
		}
		must(t, d.Platforms.SetNotes(activity.By(ctx, activity.Author{Name: "bob@example.com", Token: "CI 100%"}), "lamp-3", "On the Roof"))
		user(t, d, "u", account.Viewer)
		for q, want := range map[activity.Query]int{
			{}: 7, {Search: "LAMP-3"}: 2, {Search: "roof"}: 1, {Search: "created the platform"}: 5, {Search: "100%"}: 1, {Search: "%"}: 1,
			{Search: "192.0.2.7"}: 5, {Kind: activity.Platforms}: 6, {Kind: activity.Users}: 1, {Author: "bob@example.com"}: 1,
			{Author: "ada@example.com", Search: "lamp-4"}: 1, {Search: "lamp_"}: 0,
		} {
			if got := len(told(t, d, q)); got != want {
				t.Errorf("%+v finds %d, want %d", q, got, want)
			}
		}
		var seen []string
		q := activity.Query{Kind: activity.Platforms, Limit: 4}
		for more := true; more; {
			p, err := d.Activity.Page(ctx, q)
			must(t, err)
			for _, e := range p.Entries {
				seen = append(seen, e.Subject)
			}
			more, q.After = p.More, p.Entries[len(p.Entries)-1].ID
		}
		if want := []string{"lamp-3", "lamp-4", "lamp-3", "lamp-2", "lamp-1", "lamp-0"}; !slices.Equal(seen, want) {
			t.Errorf("paged through %v", seen)
		}
		names, err := d.Activity.Authors(ctx, 10)
		if want := []string{"a test", "ada@example.com", "bob@example.com"}; err != nil || !slices.Equal(names, want) {
			t.Errorf("%v, %v", names, err)
		}
	})
}

// TestRefusedSignInsAreFolded holds that no storm of guesses fills the table.
func TestRefusedSignInsAreFolded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user(t, d, "u", account.Viewer)
		for range 20 {
			must(t, d.Activity.RefuseSignIn(ctx, "u@example.com", "192.0.2.1", "192.0.2.1"))
			must(t, d.Activity.RefuseSignIn(ctx, "", "192.0.2.1", "192.0.2.1"))
			must(t, d.Activity.RefuseSignIn(ctx, "", "2001:db8::1", "2001:db8::/64"))
		}
		if n := len(told(t, d, activity.Query{Kind: activity.SignIns})); n != 3 {
			t.Errorf("%d entries", n)
		}
		must(t, d.Exec(`UPDATE activity SET id = $1 WHERE subject = 'u@example.com' AND kind = 'sign-ins'`, activity.NewID(db.Now().Add(-20*time.Minute))))
		must(t, d.Activity.RefuseSignIn(ctx, "u@example.com", "192.0.2.1", "192.0.2.1"))
		if n := len(told(t, d, activity.Query{Kind: activity.SignIns})); n != 4 {
			t.Errorf("%d entries after a while", n)
		}
	})
}

// TestFailedEntryFailsTheChange holds that what cannot be told is not done, for
// every way in which something is written.
func TestFailedEntryFailsTheChange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		publish(t, d, "lamp", "v1.0.0", "one")
		permit(t, d, "aabbccddee01", "lamp")
		user(t, d, "u", account.Viewer)
		must(t, d.Tokens.Create(ctx, "0123456789abcdef0", "u", "ci", account.Read, nil))
		must(t, d.Exec(`ALTER TABLE activity RENAME TO elsewhere`))
		for name, do := range map[string]func(context.Context) error{
			"platform": func(ctx context.Context) error { return d.Platforms.Create(ctx, "plug", "") },
			"notes":    func(ctx context.Context) error { return d.Platforms.SetNotes(ctx, "lamp", "x") },
			"delete":   func(ctx context.Context) error { return d.Platforms.Delete(ctx, "lamp") },
			"publish":  func(ctx context.Context) error { return d.Releases.Publish(ctx, publication("lamp", "v1.0.1", "two")) },
			"device":   func(ctx context.Context) error { return d.Devices.Forget(ctx, "aabbccddee01") },
			"devices": func(ctx context.Context) error {
				_, err := d.Devices.RemoveAll(ctx, all(fleet.DeviceQuery{}), 9, removal("r", fleet.Revocation))
				return err
			},
			"user":     func(ctx context.Context) error { return d.Users.Delete(ctx, "u") },
			"password": func(ctx context.Context) error { return d.Users.SetPassword(ctx, "u", "new", "") },
			"session":  func(ctx context.Context) error { return d.Sessions.Create(ctx, "s", "u", "", "", true) },
			"token":    func(ctx context.Context) error { _, err := d.Tokens.Revoke(ctx, "u", "0123456789abcdef"); return err },
		} {
			if err := do(ctx); err == nil {
				t.Errorf("%s: it was done and not told", name)
			}
		}
		p, err := d.Platforms.Find(ctx, "lamp")
		must(t, err)
		if p.Notes != "" || p.Version != "v1.0.0" || p.Devices != 1 {
			t.Errorf("the platform is %+v", p)
		}
		if names, err := d.Platforms.Names(ctx); err != nil || len(names) != 1 {
			t.Errorf("%v, %v", names, err)
		}
		u, err := d.Users.Find(ctx, "u")
		must(t, err)
		list, err := d.Tokens.Of(ctx, "u")
		must(t, err)
		if u.PasswordHash != "old" || len(list) != 1 {
			t.Errorf("%+v with %d tokens", u, len(list))
		}
		if s, err := d.Sessions.Find(ctx, "s"); s != nil || err != nil {
			t.Errorf("the session is open: %v", err)
		}
	})
}
