package handlers

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestCached holds that nobody gets what is older than the last change for long,
// and that what is costly is not looked up all the time.
func TestCached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, loads, told := context.Background(), 0, 0
		c := cached[int]{reloaded: func() { told++ }}
		load := func(context.Context) (int, error) {
			loads++
			time.Sleep(200 * time.Millisecond)
			return loads, nil
		}
		get := func(lastChange time.Time) int {
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
		if loads < 4 || loads > 8 || told != loads-1 {
			t.Errorf("%d look-ups in five seconds, told %d times", loads, told)
		}
		if n := get(time.Now()); n != loads {
			t.Errorf("%d is not the last of %d", n, loads)
		}
		time.Sleep(cacheAge)
		before := loads
		if get(time.Time{}); loads != before+1 {
			t.Error("what changes by time alone is never seen")
		}
	})
}
