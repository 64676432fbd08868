package db_test

import (
	"testing"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestPasswordsOfAPlatform walks through the life of passwords: set, rotated,
// retired, discarded, removed.
func TestPasswordsOfAPlatform(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		must(t, d.Platforms.Create(ctx, "lamp", ""))
		a, b, c := fleet.Secret("A").Hash(), fleet.Secret("B").Hash(), fleet.Secret("C").Hash()
		add := func(hash string, grace bool) func() error {
			return func() error { return d.Platforms.AddPassword(ctx, "lamp", hash, grace) }
		}
		retire := func(key string) func() error {
			return func() error { return d.Platforms.RetirePassword(ctx, "lamp", key) }
		}
		for _, step := range []struct {
			name  string
			do    func() error
			fails bool
			want  fleet.Passwords
		}{
			{"set with grace", add(a, true), false, fleet.Passwords{Hash: a, Grace: true}},
			{"rotated too soon", add(b, false), true, fleet.Passwords{Hash: a, Grace: true}},
			{"grace ended", retire(fleet.NoPasswordKey), false, fleet.Passwords{Hash: a}},
			{"grace ended twice", retire(fleet.NoPasswordKey), true, fleet.Passwords{Hash: a}},
			{"rotated, where grace has no sense", add(b, true), false, fleet.Passwords{Hash: b, OldHash: a}},
			{"rotated again too soon", add(c, false), true, fleet.Passwords{Hash: b, OldHash: a}},
			{"no key", retire(""), true, fleet.Passwords{Hash: b, OldHash: a}},
			{"the old one retired", retire(fleet.PasswordKey(a)), false, fleet.Passwords{Hash: b}},
			{"the old one retired twice", retire(fleet.PasswordKey(a)), true, fleet.Passwords{Hash: b}},
			{"rotated once more", add(c, false), false, fleet.Passwords{Hash: c, OldHash: b}},
			{"the new one discarded", retire(fleet.PasswordKey(c)), false, fleet.Passwords{Hash: b}},
			{"removed", retire(fleet.PasswordKey(b)), false, fleet.Passwords{}},
			{"no key, where there is none", retire(""), true, fleet.Passwords{}},
			{"set with grace again", add(a, true), false, fleet.Passwords{Hash: a, Grace: true}},
			{"removed in its grace", retire(fleet.PasswordKey(a)), false, fleet.Passwords{}},
		} {
			if err := step.do(); fault.Is(err, fault.Conflict) != step.fails || err != nil && !step.fails {
				t.Errorf("%s: %v", step.name, err)
			}
			p, err := d.Platforms.Find(ctx, "lamp")
			must(t, err)
			if got := p.Passwords; (got.At != nil) != got.Asked() || (got.OldAt != nil) != (got.OldHash != "") {
				t.Errorf("%s: times %v, %v", step.name, got.At, got.OldAt)
			}
			p.Passwords.At, p.Passwords.OldAt = nil, nil
			if p.Passwords != step.want {
				t.Errorf("%s: %+v, want %+v", step.name, p.Passwords, step.want)
			}
		}
		counts := map[activity.Action]int{}
		for _, e := range told(t, d, activity.Query{}) {
			counts[e.Action]++
		}
		if counts[activity.PasswordSet] != 4 || counts[activity.PasswordRetired] != 5 {
			t.Errorf("of this the activity tells %v", counts)
		}
		if err := d.Platforms.AddPassword(ctx, "nothing", a, false); !fault.Is(err, fault.NotFound) {
			t.Errorf("of no platform: %v", err)
		}
	})
}

// TestPasswordUses counts what the devices of a whitelist sent last, as the
// passwords are by now.
func TestPasswordUses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		must(t, d.Platforms.Create(ctx, "lamp", ""))
		must(t, d.Platforms.Create(ctx, "plug", ""))
		first, second := fleet.Secret("FIRST"), fleet.Secret("SECOND")
		must(t, d.Platforms.AddPassword(ctx, "lamp", first.Hash(), false))
		for mac, sent := range map[fleet.MAC]fleet.Secret{"18fe34000001": first, "18fe34000002": first, "18fe34000003": "", "18fe34000004": "guess"} {
			must(t, d.Devices.Add(ctx, mac, "lamp", "", "", false))
			sends(t, d, mac, sent)
		}
		must(t, d.Devices.Add(ctx, "18fe34000005", "lamp", "", "", false)) // never asked
		must(t, d.Devices.Add(ctx, "18fe34000006", "plug", "", "", false))
		sends(t, d, "18fe34000006", first)
		wantUses(t, d, fleet.PasswordUses{fleet.NewPasswordUsed: 2, fleet.NoPasswordUsed: 1, fleet.WrongPassword: 1})
		must(t, d.Platforms.AddPassword(ctx, "lamp", second.Hash(), false))
		sends(t, d, "18fe34000001", second)
		wantUses(t, d, fleet.PasswordUses{fleet.NewPasswordUsed: 1, fleet.OldPasswordUsed: 1, fleet.NoPasswordUsed: 1, fleet.WrongPassword: 1})
		must(t, d.Platforms.RetirePassword(ctx, "lamp", fleet.PasswordKey(first.Hash())))
		wantUses(t, d, fleet.PasswordUses{fleet.NewPasswordUsed: 1, fleet.NoPasswordUsed: 1, fleet.WrongPassword: 2})
	})
}

// sends lets a device ask for the lamp with a password.
func sends(t *testing.T, d *db.DB, mac fleet.MAC, sent fleet.Secret) {
	t.Helper()
	checksIn(t, d, &fleet.CheckIn{MAC: mac, Platform: "lamp", Version: "v1.0.0", At: db.Now(), Password: sent})
}

// checksIn decides on a check-in and keeps it.
func checksIn(t *testing.T, d *db.DB, c *fleet.CheckIn) *fleet.Device {
	t.Helper()
	p, err := d.Platforms.Find(ctx, "lamp")
	must(t, err)
	before, err := d.Devices.Find(ctx, c.MAC)
	if err != nil && !fault.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	decision := ota.Decide(c, before, p, nil)
	record(t, d, c, decision)
	after, err := d.Devices.Find(ctx, c.MAC)
	must(t, err)
	return after
}

func wantUses(t *testing.T, d *db.DB, want fleet.PasswordUses) {
	t.Helper()
	p, err := d.Platforms.Find(ctx, "lamp")
	must(t, err)
	got, err := d.Devices.PasswordUses(ctx, p)
	must(t, err)
	for _, use := range []fleet.PasswordUse{fleet.NewPasswordUsed, fleet.OldPasswordUsed, fleet.NoPasswordUsed, fleet.WrongPassword} {
		if got[use] != want[use] {
			t.Errorf("%s: %d devices, want %d", use, got[use], want[use])
		}
	}
}

func TestTwinsAreKeptAndDismissed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		must(t, d.Platforms.Create(ctx, "lamp", ""))
		must(t, d.Devices.Add(ctx, "18fe34000001", "lamp", "", "", false))
		looks := func(mac fleet.MAC, size int64) *fleet.Device {
			return checksIn(t, d, &fleet.CheckIn{MAC: mac, Platform: "lamp", Version: "v1.0.0", At: db.Now(), Report: fleet.Report{ChipSize: size}})
		}
		for _, size := range []int64{1 << 20, 4 << 20, 1 << 20} {
			looks("18fe34000001", size)
			looks("18fe34000002", size) // on no whitelist
		}
		wantTwins(t, d, "18fe34000001")
		happened, err := d.History.Of(ctx, "18fe34000001", 10)
		must(t, err)
		told := 0
		for _, h := range happened {
			if h.Event == fleet.TwoBoards && h.Detail != "" {
				told++
			}
		}
		if told != 1 {
			t.Errorf("the history tells of it %d times: %+v", told, happened)
		}
		must(t, d.Devices.DismissTwins(ctx, "18fe34000001"))
		must(t, d.Devices.DismissTwins(ctx, "18fe34000001")) // as two people do at once
		wantTwins(t, d)
		if after := looks("18fe34000001", 4<<20); !after.Boards.Dismissed || after.Boards.Returns != 2 {
			t.Errorf("%+v", after.Boards)
		}
		looks("18fe34000001", 8<<20)
		if after := looks("18fe34000001", 4<<20); !after.Boards.Suspected() {
			t.Errorf("a third board is not told of: %+v", after.Boards)
		}
		wantTwins(t, d, "18fe34000001")
	})
}

func wantTwins(t *testing.T, d *db.DB, want ...fleet.MAC) {
	t.Helper()
	list, err := d.Devices.Twins(ctx, 10)
	must(t, err)
	if len(list) != len(want) || len(want) > 0 && list[0].MAC != want[0] {
		t.Errorf("%d devices are told of, want %v", len(list), want)
	}
}
