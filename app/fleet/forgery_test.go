package fleet_test

import (
	"fmt"
	"testing"
	"time"

	"esp-update-server/app/fleet"
)

// TestForgeriesAreToldOfNowAndThen holds that each device is told of once an
// hour, and that not even a whole fleet is told of without bound.
func TestForgeriesAreToldOfNowAndThen(t *testing.T) {
	var f fleet.Forgeries
	start := time.Now()
	told := map[fleet.MAC]int{}
	for _, after := range []time.Duration{0, time.Minute, 59 * time.Minute, time.Hour, 61 * time.Minute} {
		for _, mac := range []fleet.MAC{"18fe34000001", "18fe34000002"} {
			if f.Tell(mac, start.Add(after)) {
				told[mac]++
			}
		}
	}
	if told["18fe34000001"] != 2 || told["18fe34000002"] != 2 {
		t.Errorf("told %v", told)
	}
	n := 0
	for i := range 50_000 {
		if f.Tell(fleet.MAC(fmt.Sprintf("02%010x", i)), start.Add(3*time.Hour)) {
			n++
		}
	}
	if n < 1000 || n > 10_000 {
		t.Errorf("of 50,000 devices %d are told of", n)
	}
	if !f.Tell("18fe34000001", start.Add(-24*time.Hour)) {
		t.Error("after the clock was set back nothing is told")
	}
}
