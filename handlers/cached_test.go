package handlers

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestCached holds that nobody gets what is older than the last change for long,
// and that what is costly is not looked up all the time.
func TestCached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		var loads, told atomic.Int64 // counted by what runs beside
		c := cached[int64]{reloaded: func() { told.Add(1) }}
		load := func(context.Context) (int64, error) {
			n := loads.Add(1)
			time.Sleep(200 * time.Millisecond)
			return n, nil
		}
		get := func(lastChange time.Time) int64 {
			t.Helper()
			n, err := c.get(ctx, lastChange, load)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := get(time.Now()); n != 1 {
			t.Errorf("the first is %d", n)
		}
		if n := get(time.Now().Add(-time.Hour)); n != 1 {
			t.Errorf("without a change it is %d", n)
		}
		for range 50 { // changes all the time
			get(time.Now())
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		if n := loads.Load(); n < 4 || n > 8 || told.Load() != n-1 {
			t.Errorf("%d look-ups in five seconds, told %d times", n, told.Load())
		}
		if n := get(time.Now()); n != loads.Load() {
			t.Errorf("%d is not the last of %d", n, loads.Load())
		}
		time.Sleep(cacheAge)
		before := loads.Load()
		if get(time.Time{}); loads.Load() != before+1 {
			t.Error("what changes by time alone is never seen")
		}
	})
}
