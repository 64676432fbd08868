package db_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestStats holds that the counts of the overview are those of the devices' own
// states, on both engines.
func TestStats(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		for _, name := range []string{"lamp", "pump"} {
			if err := d.Platforms.Create(ctx, name, ""); err != nil {
				t.Fatal(err)
			}
		}
		old := db.Now().Add(-8 * 24 * time.Hour)
		heard := func(mac fleet.MAC, platform, version string, at time.Time, decision ota.Decision) {
			t.Helper()
			in := &fleet.CheckIn{MAC: mac, Platform: "lamp", Version: version, At: at}
			decision.RunsKey = in.RunningVersion().Key()
			record(t, d, in, decision)
			if platform == "" {
				return
			}
			if _, err := d.Devices.Change(ctx, mac, fleet.DeviceChange{Platform: &platform}); err != nil {
				t.Fatal(err)
			}
		}
		none := ota.Decision{Answer: fleet.NoUpdate, Reason: ota.NotNewer}
		refused := ota.Decision{Answer: fleet.Refusal, Reason: ota.OtherWhitelist}
		heard("000000000001", "lamp", "v1.0.0", db.Now(), none)
		heard("000000000002", "lamp", "v1.10.0", db.Now(), none)
		heard("000000000003", "lamp", "v1.10.0", db.Now(), none)
		heard("000000000004", "lamp", "v1.9.0", old, none)
		heard("000000000005", "pump", "v1.0.0", db.Now(), refused)
		heard("000000000006", "", "made up", db.Now(), refused)
		heard("000000000007", "", "made up too", old, refused)
		lamp := "lamp"
		if _, err := d.Devices.Change(ctx, "000000000008", fleet.DeviceChange{Platform: &lamp}); err != nil {
			t.Fatal(err)
		}
		stats, err := d.Devices.Stats(ctx)
		if err != nil {
			t.Fatal(err)
		}
		want := map[fleet.State]int64{fleet.UpToDate: 3, fleet.Silent: 1, fleet.Refused: 1, fleet.New: 2, fleet.Waiting: 1, fleet.Behind: 0}
		for state, n := range want {
			if got := stats.In(state); got != n {
				t.Errorf("%d are %s, want %d", got, state, n)
			}
		}
		if got := stats.Running("lamp"); !reflect.DeepEqual(got, []fleet.Adoption{{Version: "v1.10.0", Devices: 2}, {Version: "v1.9.0", Devices: 1}, {Version: "v1.0.0", Devices: 1}}) {
			t.Errorf("%+v", got)
		}
		if got := stats.Refusals(); len(got) != 1 || got[0].Platform != "pump" || got[0].Reason != string(ota.OtherWhitelist) || got[0].Devices != 1 {
			t.Errorf("%+v", got)
		}
		if got := stats.Running(""); len(got) != 1 || got[0].Version != "" {
			t.Errorf("versions of new devices are told apart: %+v", got)
		}
		list, err := d.Devices.FindMany(ctx, []fleet.MAC{"000000000008", "000000000001", "0000000000ff"})
		if err != nil || len(list) != 2 || list[0].MAC != "000000000001" || list[1].Platform != "lamp" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
