package db_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/app/fleet"
	"esp-update-server/app/original"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// moving is a plan of everything, and the files of its releases.
func moving(t *testing.T) (*original.Plan, map[string][]byte) {
	t.Helper()
	v, err := version.Parse("1.0.3")
	if err != nil {
		t.Fatal(err)
	}
	data := firmwaretest.Lamp("v1.0.3")
	seen := time.Date(2022, 3, 1, 9, 10, 11, 500_000_000, time.UTC)
	p := &original.Plan{
		Platforms: []fleet.Platform{{Name: "smart-lamp", Notes: "Hall"}},
		Releases: []original.Release{{
			Publication: release.Publication{Platform: "smart-lamp", Version: v, Image: release.Describe(data, firmware.Inspect(data, firmware.Options{})), By: "command line", Keep: 10},
			File:        "lamp.bin", PublishedAt: seen, Downloads: 12,
		}},
		Devices: []fleet.Device{
			{MAC: "a4cf12b3c4d5", Platform: "smart-lamp", Notes: "Room 1", FirstSeen: &seen, LastSeen: &seen, Version: "v1.0.2", VersionKey: version.ParseLenient("1.0.2").Key(), IP: "10.0.0.5", RequestedPlatform: "smart-lamp"},
			{MAC: "a4cf12b3c4d6", Platform: "smart-lamp"}, {MAC: "a4cf12b3c4d7"},
		},
		Users: []account.User{{ID: account.NewID(), Email: "admin@example.org", PasswordHash: "sha256$salt$00", Role: account.Admin}},
	}
	return p, map[string][]byte{"lamp.bin": data}
}

func reader(files map[string][]byte) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if data, ok := files[name]; ok {
			return data, nil
		}
		return nil, errors.New("is not there")
	}
}

func TestMoveIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := activity.By(context.Background(), activity.CommandLine)
		known, notes := fleet.MAC("a4cf12b3c4d6"), "Known here"
		if _, err := d.Devices.Change(ctx, known, fleet.DeviceChange{Notes: &notes}); err != nil { // while the import was planned
			t.Fatal(err)
		}
		p, files := moving(t)
		if err := d.MoveIn(ctx, p, reader(files)); err != nil {
			t.Fatal(err)
		}
		platform, err := d.Platforms.Find(ctx, "smart-lamp")
		if err != nil || platform.Notes != "Hall" || platform.Version != "v1.0.3" || platform.Downloads != 12 || platform.Devices != 2 || !platform.ReleasedAt.Equal(p.Releases[0].PublishedAt) {
			t.Errorf("%+v, %v", platform, err)
		}
		device, err := d.Devices.Find(ctx, "a4cf12b3c4d5")
		if err != nil || device.State(db.Now()) != fleet.Silent || device.Version != "v1.0.2" || !device.LastSeen.Equal(*p.Devices[0].LastSeen) || device.IP != "10.0.0.5" || device.Notes != "Room 1" {
			t.Errorf("%+v, %v", device, err)
		}
		if device, err := d.Devices.Find(ctx, known); err != nil || device.State(db.Now()) != fleet.Waiting || device.Notes != notes {
			t.Errorf("%+v, %v", device, err)
		}
		u, err := d.Users.FindByEmail(ctx, "admin@example.org")
		if err != nil || u.Role != account.Admin || !u.WasAdmin || u.PasswordHash != "sha256$salt$00" {
			t.Errorf("%+v, %v", u, err)
		}
		toldTimes(t, d, map[activity.Action]int{activity.PlatformCreated: 1, activity.ReleasePublished: 1, activity.DevicesMovedIn: 1, activity.UserImported: 1})
	})
}

// toldTimes compares how often the activity of the command line tells of actions.
func toldTimes(t *testing.T, d *db.DB, want map[activity.Action]int) {
	t.Helper()
	page, err := d.Activity.Page(context.Background(), activity.Query{Limit: 100, Author: activity.CommandLine.Name})
	if err != nil {
		t.Fatal(err)
	}
	got := map[activity.Action]int{}
	for _, e := range page.Entries {
		got[e.Action]++
	}
	for action, n := range want {
		if got[action] != n {
			t.Errorf("%s: told %d times of %d", action, got[action], n)
		}
	}
}

// TestMoveInAllOrNothing lets each part fail after the others were written, or
// before.
func TestMoveInAllOrNothing(t *testing.T) {
	for what, c := range map[string]struct {
		spoil func(t *testing.T, d *db.DB, p *original.Plan, files map[string][]byte)
		kind  fault.Kind
	}{
		"a file is gone": {func(_ *testing.T, _ *db.DB, _ *original.Plan, files map[string][]byte) { delete(files, "lamp.bin") }, fault.Conflict},
		"a file has other bytes": {func(_ *testing.T, _ *db.DB, _ *original.Plan, files map[string][]byte) {
			files["lamp.bin"] = []byte("x")
		}, fault.Conflict},
		"a user signed up":        {signUp, fault.Conflict},
		"a platform is not there": {func(_ *testing.T, _ *db.DB, p *original.Plan, _ map[string][]byte) { p.Devices[2].Platform = "gone" }, fault.Invalid},
	} {
		t.Run(what, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				ctx := activity.By(context.Background(), activity.CommandLine)
				p, files := moving(t)
				c.spoil(t, d, p, files)
				if err := d.MoveIn(ctx, p, reader(files)); !fault.Is(err, c.kind) {
					t.Errorf("%v", err)
				}
				if names, err := d.Platforms.Names(ctx); err != nil || len(names) != 0 {
					t.Errorf("platforms: %v, %v", names, err)
				}
				if n, err := d.Devices.CountNew(ctx); err != nil || n != 0 {
					t.Errorf("%d devices, %v", n, err)
				}
				toldTimes(t, d, map[activity.Action]int{activity.PlatformCreated: 0, activity.ReleasePublished: 0, activity.DevicesMovedIn: 0, activity.UserImported: 0})
			})
		})
	}
}

func signUp(t *testing.T, d *db.DB, _ *original.Plan, _ map[string][]byte) {
	t.Helper()
	if err := d.Users.Create(context.Background(), &account.User{ID: account.NewID(), Email: "admin@example.org", Role: account.Plain}); err != nil {
		t.Fatal(err)
	}
}

// TestTakenOff holds which devices an import leaves alone: those that a person took
// off a whitelist, and not those that are on one again, or lost their platform.
func TestTakenOff(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		platform(t, d, "plug")
		platform(t, d, "gone")
		none, plug := "", "plug"
		macs := map[string]fleet.MAC{}
		for n, name := range []string{"stayed", "revoked", "forgotten", "came back", "moved", "undone", "without its platform"} {
			macs[name] = fleet.MAC(fmt.Sprintf("00000000000%d", n))
			on := "lamp"
			if name == "without its platform" {
				on = "gone"
			}
			permit(t, d, macs[name], on)
		}
		must(t, d.Devices.Edit(ctx, macs["revoked"], fleet.DeviceChange{Platform: &none}))
		must(t, d.Devices.Forget(ctx, macs["forgotten"]))
		must(t, d.Devices.Edit(ctx, macs["came back"], fleet.DeviceChange{Platform: &none}))
		must(t, d.Devices.Edit(ctx, macs["came back"], fleet.DeviceChange{Platform: &plug}))
		must(t, d.Devices.Edit(ctx, macs["moved"], fleet.DeviceChange{Platform: &plug}))
		removal := fleet.Removal{ID: "1", UserID: "u", Kind: fleet.Revocation}
		_, err := d.Devices.RemoveAll(ctx, fleet.Selection{MACs: []fleet.MAC{macs["undone"]}}, 1, removal)
		must(t, err)
		_, err = d.Devices.Undo(ctx, removal)
		must(t, err)
		must(t, d.Platforms.Delete(ctx, "gone"))
		got, err := d.Devices.TakenOff(ctx)
		if must(t, err); len(got) != 2 || !got[macs["revoked"]] || !got[macs["forgotten"]] {
			t.Errorf("%v of %v", got, macs)
		}
	})
}
