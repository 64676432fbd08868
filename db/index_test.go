package db_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/version"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// counted counts how often all devices are read.
type counted struct {
	*db.Index
	loads int
}

func (c *counted) Devices(ctx context.Context, each func(fleet.Known)) error {
	c.loads++
	return c.Index.Devices(ctx, each)
}

// TestIndexHearsOfEveryChange makes every change that there is, and holds after
// each that the index decides as the database would, without reading everything
// anew.
func TestIndexHearsOfEveryChange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		source := &counted{Index: d.Index}
		index := ota.NewIndex(source)
		if index.Ready() {
			t.Error("an index that knows nothing is ready")
		}
		must(t, index.Refresh(ctx))
		for _, step := range whitelistChanges(t, d) {
			step.do()
			must(t, index.Refresh(ctx))
			compareIndex(t, step.name, d, index)
		}
		if source.loads != 1 {
			t.Errorf("all devices were read %d times", source.loads)
		}
		index.Doubt()
		must(t, index.Refresh(ctx))
		must(t, index.Refresh(ctx))
		if source.loads != 2 {
			t.Errorf("after a lost connection all devices were read %d times", source.loads-1)
		}
	})
}

type change struct {
	name string
	do   func()
}

func whitelistChanges(t *testing.T, d *db.DB) []change {
	a, b, c := fleet.MAC("00000000000a"), fleet.MAC("00000000000b"), fleet.MAC("00000000000c")
	lamp, plug, none, notes := "lamp", "plug", "", "by the door"
	both := fleet.Selection{MACs: []fleet.MAC{a, b}}
	removal := fleet.Removal{ID: "1", UserID: "u", Kind: fleet.Revocation}
	oblivion := fleet.Removal{ID: "2", UserID: "u", Kind: fleet.Oblivion}
	parse := func(s string) version.Version { v, err := version.Parse(s); must(t, err); return v }
	ok := func(_ any, err error) { t.Helper(); must(t, err) }
	return []change{
		{"create", func() { platform(t, d, "lamp"); platform(t, d, "plug") }},
		{"add", func() { permit(t, d, a, "lamp") }},
		{"create by change", func() { ok(d.Devices.Change(ctx, b, fleet.DeviceChange{Platform: &lamp})) }},
		{"create without a platform", func() { ok(d.Devices.Change(ctx, c, fleet.DeviceChange{Notes: &notes})) }},
		{"move", func() { ok(d.Devices.Change(ctx, b, fleet.DeviceChange{Platform: &plug})) }},
		{"edit", func() { must(t, d.Devices.Edit(ctx, b, fleet.DeviceChange{Platform: &none})) }},
		{"publish", func() { publish(t, d, "lamp", "v1.0.0", "one") }},
		{"publish again", func() { publish(t, d, "lamp", "v1.1.0", "two") }},
		{"withdraw", func() { must(t, d.Releases.Withdraw(ctx, "lamp", "", parse("v1.1.0"))) }},
		{"offer", func() { must(t, d.Releases.Offer(ctx, "lamp", "", parse("v1.1.0"))) }},
		{"permit together", func() { ok(d.Devices.PermitAll(ctx, both, 2, "lamp", "a@example.com")) }},
		{"revoke together", func() { ok(d.Devices.RemoveAll(ctx, both, 2, removal)) }},
		{"undo", func() { ok(d.Devices.Undo(ctx, removal)) }},
		{"forget together", func() { ok(d.Devices.RemoveAll(ctx, both, 2, oblivion)) }},
		{"undo again", func() { ok(d.Devices.Undo(ctx, oblivion)) }},
		{"forget", func() { must(t, d.Devices.Forget(ctx, b)) }},
		{"import", func() {
			move := []fleet.ImportLine{{MAC: a, Platform: "plug", Action: fleet.ImportPermit}} // as it was when the person was asked
			if err := d.Devices.Import(ctx, move, 0, "a@example.com"); !fault.Is(err, fault.Conflict) {
				t.Errorf("a device moves of which the person was not told: %v", err)
			}
			must(t, d.Devices.Import(ctx, []fleet.ImportLine{{MAC: b, Platform: "plug", Action: fleet.ImportAdd}, {MAC: a, Platform: "plug", Action: fleet.ImportMove}}, 1, "a@example.com"))
		}},
		{"password", func() { must(t, d.Platforms.AddPassword(ctx, "plug", fleet.Secret("x").Hash(), false)) }},
		{"password retired", func() {
			must(t, d.Platforms.RetirePassword(ctx, "plug", fleet.PasswordKey(fleet.Secret("x").Hash())))
		}},
		{"delete", func() { must(t, d.Platforms.Delete(ctx, "plug")) }},
		{"drop", func() { must(t, d.Devices.DropOldestNew(ctx, 0)) }},
	}
}

// compareIndex decides on check-ins of all devices by the index and by the database.
func compareIndex(t *testing.T, after string, d *db.DB, index *ota.Index) {
	t.Helper()
	for _, m := range []fleet.MAC{"00000000000a", "00000000000b", "00000000000c"} {
		for _, name := range []string{"lamp", "plug"} {
			in := &fleet.CheckIn{MAC: m, Platform: name, Version: "v1.0.5", At: db.Now()}
			got, subject, err := index.Decide(in)
			must(t, err)
			list, err := d.Devices.FindMany(ctx, []fleet.MAC{m})
			must(t, err)
			var known *fleet.Device
			if len(list) > 0 {
				known = &list[0]
			}
			p, _ := d.Platforms.Find(ctx, name)
			offered, err := d.Releases.Offered(ctx, name)
			must(t, err)
			if p == nil {
				offered = nil
			}
			if want := ota.Decide(in, known, p, offered); got.Reason != want.Reason || got.Sentence != want.Sentence || subject.Known != (known != nil) {
				t.Errorf("after %s, %s for %s is answered %q (known: %v), want %q", after, m, name, got.Sentence, subject.Known, want.Sentence)
			}
		}
	}
}

// TestIndexReadsEverythingWhenItMissedSomething holds that a reader which is
// behind the log still comes to know all.
func TestIndexReadsEverythingWhenItMissedSomething(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		permit(t, d, "00000000000a", "lamp")
		permit(t, d, "00000000000b", "lamp")
		source := &counted{Index: d.Index}
		index := ota.NewIndex(source)
		must(t, index.Refresh(ctx))
		must(t, d.Devices.Forget(ctx, "00000000000a"))
		state, err := d.Index.State(ctx)
		must(t, err)
		must(t, d.Index.Prune(ctx, state.Seq))
		permit(t, d, "00000000000c", "lamp")
		must(t, index.Refresh(ctx))
		compareIndex(t, "pruning", d, index)
		if source.loads != 2 {
			t.Errorf("all devices were read %d times", source.loads)
		}
	})
}

// TestRecordTellsHistoryInOrder holds that several check-ins of a device which
// are written together leave the history that they would have left one by one.
func TestRecordTellsHistoryInOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		permit(t, d, mac, "lamp")
		start := db.Now()
		heard := func(after time.Duration, v string, a fleet.Answer, reason ota.Reason) fleet.Heard {
			c := &fleet.CheckIn{MAC: mac, Platform: "lamp", Version: v, At: start.Add(after)}
			decision := ota.Decision{Answer: a, Reason: reason, RunsKey: c.RunningVersion().Key()}
			return decision.Heard(c)
		}
		other := heard(0, "v1.0.0", fleet.NoUpdate, ota.NotNewer)
		other.MAC = "00000000000f"
		happened, err := d.Devices.Record(ctx, []fleet.Heard{
			heard(0, "v1.0.0", fleet.Offer, ota.Newer), other, heard(time.Second, "v1.1.0", fleet.NoUpdate, ota.NotNewer),
			heard(2*time.Second, "v1.1.0", fleet.Refusal, ota.OtherFamily), heard(3*time.Second, "v1.0.0", fleet.NoUpdate, ota.NotNewer),
		})
		must(t, err)
		if len(happened) != 6 {
			t.Errorf("%d things happened: %+v", len(happened), happened)
		}
		want := []fleet.Event{fleet.Updated, fleet.WasRefused, fleet.Updated, fleet.Offered, fleet.FirstSeen, fleet.Permitted}
		if got := events(t, d, mac); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		got := device(t, d, mac)
		if got.Version != "v1.0.0" || !got.FirstSeen.Equal(start) || !got.LastSeen.Equal(start.Add(3*time.Second)) || got.Platform != "lamp" {
			t.Errorf("%+v", got)
		}
	})
}
