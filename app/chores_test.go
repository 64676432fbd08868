package main

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestChores holds that at start old history goes, and that at the end no
// check-in is uncounted.
func TestChores(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		for _, age := range []time.Duration{time.Hour, 100 * 24 * time.Hour} {
			h := fleet.Happening{MAC: "18fe34aabbcc", At: db.Now().Add(-age), Event: fleet.Updated, Version: "v1.0.0"}
			if err := d.History.Add(ctx, h); err != nil {
				t.Fatal(err)
			}
		}
		c := &chores{store: d, checkIns: &fleet.Counter{}, days: 90, log: slog.New(slog.DiscardHandler)}
		c.start(ctx)
		for end := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			list, err := d.History.Latest(ctx, 10)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 1 {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%d lines are kept", len(list))
			}
		}
		c.checkIns.Add(time.Now())
		c.checkIns.Add(time.Now())
		cancel()
		c.wait()
		minutes, err := d.History.CheckInMinutes(context.Background())
		if n := minutes[58] + minutes[59]; err != nil || n != 2 {
			t.Errorf("%d check-ins were counted, %v", n, err)
		}
	})
}
