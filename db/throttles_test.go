package db_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

func TestThrottles(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		try := account.NewTry(account.Limit{Free: 2, Pause: 2 * time.Second, Longest: 8 * time.Second, Forget: time.Hour}, "x")
		now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
		take := func(after, want time.Duration) {
			t.Helper()
			now = now.Add(after)
			if wait, err := d.Throttles.Take(ctx, try, now); wait != want || err != nil {
				t.Errorf("at %v: wait %v, %v; want %v", now, wait, err, want)
			}
		}
		take(0, 0)
		take(0, 0)
		take(0, 0) // the first that makes the next wait
		take(0, 2*time.Second)
		take(time.Second, time.Second) // knocking meanwhile makes it no longer
		take(time.Second, 0)
		take(0, 4*time.Second)
		take(4*time.Second, 0)
		take(8*time.Second, 0) // at its longest from here on
		take(0, 8*time.Second)
		take(8*time.Second, 0)
		take(0, 8*time.Second)
		take(2*time.Hour, 0) // forgotten
		take(0, 0)
		take(0, 0)
		take(0, 2*time.Second)
		must(t, d.Throttles.Forgive(ctx, try.Key))
		take(0, 0)
		must(t, d.Throttles.GiveBack(ctx, try.Key))
		take(0, 0)
		take(0, 0)
		take(0, 0)
		take(0, 2*time.Second)
		take(-time.Hour, 0) // the clock went back
		take(0, 4*time.Second)
	})
}

// TestThrottlesHoldUpACrowd lets many try at once, as from several processes.
func TestThrottlesHoldUpACrowd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		try := account.NewTry(account.AccountFrom, "x")
		now := time.Now()
		var wg sync.WaitGroup
		var passed atomic.Int64
		for range 40 {
			wg.Go(func() {
				wait, err := d.Throttles.Take(ctx, try, now)
				if err != nil {
					t.Error(err)
				}
				if wait == 0 {
					passed.Add(1)
				}
			})
		}
		wg.Wait()
		if n := passed.Load(); n != account.AccountFrom.Free+1 {
			t.Errorf("%d of 40 passed", n)
		}
	})
}
