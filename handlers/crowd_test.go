package handlers

import (
	"runtime"
	"testing"
	"time"
)

// TestStacksGetSmallerInACrowd holds that the collector runs when images are sent to
// many more boards than before, and not for each of them.
func TestStacksGetSmallerInACrowd(t *testing.T) {
	collections := func() uint32 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.NumForcedGC
	}
	settles := func(want uint32) {
		t.Helper()
		for late := time.Now().Add(time.Minute); collections() < want; time.Sleep(time.Millisecond) {
			if time.Now().After(late) {
				t.Fatalf("%d collections; want %d", collections(), want)
			}
		}
		if n := collections(); n != want {
			t.Errorf("%d collections; want %d", n, want)
		}
	}
	var c crowd
	before := collections()
	for range crowdStep - 1 {
		c.enter()
	}
	settles(before)
	c.enter()
	settles(before + 1)
	for range 100 {
		c.leave()
		c.enter()
	}
	settles(before + 1)
	for range crowdStep {
		c.enter()
	}
	settles(before + 2)
	for range 2 * crowdStep {
		c.leave()
	}
	if c.now.Load() != 0 || c.high.Load() > crowdStep {
		t.Errorf("%d are there, %d were", c.now.Load(), c.high.Load())
	}
	for range crowdStep {
		c.enter()
	}
	settles(before + 3)
}
