package main

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
	"esp-update-server/app/ota"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// choresOf are those of a server over a database, which keep activity for some
// days.
func choresOf(d *db.DB, activity int) *chores {
	index, log := ota.NewIndex(d.Index), slog.New(slog.DiscardHandler)
	return &chores{
		store: d, hub: live.NewHub(), index: index, writer: fleet.NewWriter(index.Heard, d.Devices, log), checkIns: &fleet.Counter{},
		days: 90, activity: activity, log: log,
	}
}

// TestChores holds that at start what is too old goes and the index is loaded,
// and that at the end no check-in is uncounted.
func TestChores(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		d := dbtest.Open(t, c)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		for _, age := range []time.Duration{time.Hour, 100 * 24 * time.Hour} {
			taken := fleet.Download{MAC: "18fe34aabbcc", Platform: "lamp", Version: "v1.0.0", At: db.Now().Add(-age)}
			if err := d.Devices.CountDownloads(ctx, []fleet.Download{taken}); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Platforms.Create(ctx, "lamp", ""); err != nil { // an entry of the activity
			t.Fatal(err)
		}
		if err := d.Links.Create(ctx, "over", account.SetupLink, "", -time.Second); err != nil {
			t.Fatal(err)
		}
		here := choresOf(d, 365)
		here.start(ctx)
		until(t, "old history and links are dropped", func() bool {
			return dbtest.Count(t, c, "history") == 1 && dbtest.Count(t, c, "links") == 0
		})
		until(t, "the index is loaded", here.index.Ready)
		here.checkIns.Add(time.Now())
		here.checkIns.Add(time.Now())
		cancel()
		here.wait(time.Now().Add(time.Minute))
		minutes, err := d.History.CheckInMinutes(context.Background())
		counted := 0
		for _, n := range minutes {
			counted += int(n)
		}
		if err != nil || counted != 2 {
			t.Errorf("%d check-ins were counted, %v", counted, err)
		}
		if n := dbtest.Count(t, c, "activity"); n != 1 {
			t.Errorf("of the activity of today %d entries are kept", n)
		}
	})
}

// TestChoresDropActivity holds that entries go when their days are over: of none,
// all.
func TestChoresDropActivity(t *testing.T) {
	c := dbtest.SQLite(t)
	d := dbtest.Open(t, c)
	ctx, cancel := context.WithCancel(context.Background())
	if err := d.Platforms.Create(ctx, "lamp", ""); err != nil {
		t.Fatal(err)
	}
	if n := dbtest.Count(t, c, "activity"); n != 1 {
		t.Fatalf("%d entries before", n)
	}
	here := choresOf(d, 0)
	here.start(ctx)
	until(t, "old activity is dropped", func() bool { return dbtest.Count(t, c, "activity") == 0 })
	cancel()
	here.wait(time.Now().Add(time.Minute))
}
