package fleet_test

import (
	"fmt"
	"testing"
	"time"

	"esp-update-server/app/fleet"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// TestAFactoryGetsIn plays 5,000 new boards behind one address that ask each
// minute until they are remembered.
func TestAFactoryGetsIn(t *testing.T) {
	var n fleet.Newcomers
	waiting := 5000
	for minute := range 60 {
		for ask, asking := 0, waiting; ask < asking; ask++ {
			at := noon.Add(time.Duration(minute)*time.Minute + time.Duration(ask)*time.Minute/time.Duration(asking))
			if n.Admit("192.0.2.1", at) {
				waiting--
			}
		}
		if minute == 0 && waiting == 0 {
			t.Fatal("they came in at once: nothing is bounded")
		}
	}
	if waiting > 0 {
		t.Errorf("%d boards are still outside after an hour", waiting)
	}
}

// TestStrangersStayBelowWhatIsKept holds the promise: whatever addresses
// strangers have, fewer come in within an hour than MAX_NEW_DEVICES keeps.
func TestStrangersStayBelowWhatIsKept(t *testing.T) {
	for name, address := range map[string]func(i int) string{
		"one address":                     func(int) string { return "192.0.2.1" },
		"no address":                      func(int) string { return "" },
		"any address":                     func(i int) string { return fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255) },
		"any address of one IPv6 network": func(i int) string { return fmt.Sprintf("2001:db8::%x", i) },
	} {
		var n fleet.Newcomers
		in := 0
		for i := range 360_000 { // a hundred a second
			if n.Admit(address(i), noon.Add(time.Duration(i)*10*time.Millisecond)) {
				in++
			}
		}
		if in < 256 || in >= 10_000 {
			t.Errorf("%s: %d came in within an hour", name, in)
		}
	}
}

func TestNewcomers(t *testing.T) {
	var n fleet.Newcomers
	take := func(ip string, at time.Time, tries int) (in int) {
		for range tries {
			if n.Admit(ip, at) {
				in++
			}
		}
		return in
	}
	for _, row := range []struct {
		name  string
		ip    string
		after time.Duration
		tries int
		want  int
	}{
		{"a burst", "192.0.2.1", 0, 300, 256},
		{"another address", "192.0.2.2", 0, 300, 256},
		{"an IPv6 network", "2001:db8:0:1::1", 0, 300, 256},
		{"the same network", "2001:db8:0:1:ffff::2", 0, 300, 0},
		{"the same address as IPv4 in IPv6", "::ffff:192.0.2.1", 0, 10, 0},
		{"ten seconds later", "192.0.2.1", 10 * time.Second, 300, 20},
		{"a clock that went back", "192.0.2.1", -time.Hour, 10, 0},
		{"and goes on from there", "192.0.2.1", -time.Hour + 10*time.Second, 300, 20},
		{"an hour later", "192.0.2.1", time.Hour, 300, 256},
	} {
		if got := take(row.ip, noon.Add(row.after), row.tries); got != row.want {
			t.Errorf("%s: %d of %d came in, want %d", row.name, got, row.tries, row.want)
		}
	}
}
