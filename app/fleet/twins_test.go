package fleet_test

import (
	"strings"
	"testing"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/version"
)

// says is a check-in that runs a version and reports a flash size and an SDK.
func says(v string, size int64, sdk string) *fleet.CheckIn {
	return &fleet.CheckIn{MAC: "18fe34aabbcc", Version: v, Report: fleet.Report{Family: firmware.ESP8266, ChipSize: size, SDKVersion: sdk}}
}

func TestTwinsTakeTurns(t *testing.T) {
	const small, large = 1 << 20, 4 << 20
	silent := &fleet.CheckIn{MAC: "18fe34aabbcc", Version: "v1.0.0"}
	other := says("v1.0.0", small, "2.2.1")
	other.Report.Family = firmware.ESP32
	for _, row := range []struct {
		name    string
		asks    []*fleet.CheckIn
		returns int64
	}{
		{"one board", []*fleet.CheckIn{says("v1.0.0", small, "2.2.1"), says("v1.0.0", small, "2.2.1")}, 0},
		{"an update with another SDK", []*fleet.CheckIn{says("v1.0.0", small, "2.2.1"), says("v1.1.0", small, "2.2.2")}, 0},
		{"and one that goes back to the SDK of before", []*fleet.CheckIn{says("v1.0.0", small, "2.2.1"), says("v1.1.0", small, "2.2.2"), says("v1.2.0", small, "2.2.1")}, 0},
		{"three SDKs", []*fleet.CheckIn{says("v1.0.0", small, "1"), says("v1.1.0", small, "2"), says("v1.2.0", small, "3"), says("v1.2.0", small, "3")}, 0},
		{"another flash size, for ever", []*fleet.CheckIn{says("v1.0.0", small, "1"), says("v1.0.0", large, "1"), says("v1.0.0", large, "1")}, 0},
		{"flash sizes in turns", []*fleet.CheckIn{says("v1.0.0", small, "1"), says("v1.0.0", large, "1"), says("v1.0.0", small, "1")}, 1},
		{"flash sizes in turns, each time with a higher version", []*fleet.CheckIn{says("v1.0.0", small, "1"), says("v1.1.0", large, "1"), says("v1.2.0", small, "1")}, 1},
		{"again and again", []*fleet.CheckIn{says("1", small, "1"), says("1", large, "1"), says("1", small, "1"), says("1", large, "1"), says("1", small, "1")}, 3},
		{"SDKs in turns", []*fleet.CheckIn{says("v1.0.0", small, "1"), says("v1.0.0", small, "2"), says("v1.0.0", small, "1")}, 1},
		{"an SDK and the version of before", []*fleet.CheckIn{says("v1.0.0", small, "1"), says("v1.1.0", small, "2"), says("v1.0.0", small, "1")}, 1},
		{"families in turns", []*fleet.CheckIn{says("v1.0.0", small, "2.2.1"), other, says("v1.0.0", small, "2.2.1")}, 1},
		{"a client between that says nothing", []*fleet.CheckIn{says("v1.0.0", small, "1"), silent, says("v1.0.0", small, "1"), silent, says("v1.0.0", small, "1")}, 0},
		{"a third one between", []*fleet.CheckIn{says("1", small, "1"), says("1", large, "1"), says("1", 2*large, "1"), says("1", large, "1")}, 1},
	} {
		d := ask(nil, row.asks...)
		if d.Boards.Returns != row.returns || d.Boards.Suspected() != (row.returns > 0) {
			t.Errorf("%s: %+v, want %d returns", row.name, d.Boards, row.returns)
		}
	}
}

// ask lets a device check in again and again.
func ask(d *fleet.Device, asks ...*fleet.CheckIn) *fleet.Device {
	for _, c := range asks {
		var boards fleet.Boards
		if d != nil {
			boards = d.Boards
		}
		boards, _ = boards.After(d, c)
		d = &fleet.Device{MAC: c.MAC, LastSeen: &c.At, Version: version.ParseLenient(c.Version).String(), VersionKey: version.ParseLenient(c.Version).Key(), Boards: boards}
	}
	return d
}

func TestDismissedTwinsAreQuietUntilAThirdComes(t *testing.T) {
	a, b, c := says("1", 1<<20, "1"), says("1", 4<<20, "1"), says("1", 8<<20, "1")
	d := ask(nil, a, b, a)
	d.Boards.Dismissed = true
	if d = ask(d, b, a, b); d.Boards.Suspected() {
		t.Errorf("%+v is told of after it was dismissed", d.Boards)
	}
	if d = ask(d, c); d.Boards.Suspected() {
		t.Errorf("%+v is told of before anything went back", d.Boards)
	}
	if d = ask(d, b); !d.Boards.Suspected() {
		t.Errorf("%+v is not told of", d.Boards)
	}
}

// TestTwinsInTheHistory holds that boards that take turns for ever do not fill it.
func TestTwinsInTheHistory(t *testing.T) {
	a, b := says("1", 1<<20, "1"), says("1", 4<<20, "1")
	d := ask(nil, a, b)
	var told []string
	for i := range 100 {
		c := []*fleet.CheckIn{a, b}[i%2]
		for _, h := range fleet.Happenings(d, c, fleet.NoUpdate, d.Reason, "", "") {
			if h.Event == fleet.TwoBoards {
				told = append(told, h.Detail)
			}
		}
		d = ask(d, c)
	}
	if len(told) != 3 || !strings.Contains(told[0], "flash of 1.0 MiB and 4.0 MiB") {
		t.Errorf("of %d returns the history tells %q", d.Boards.Returns, told)
	}
}

func TestForeignTextInTwins(t *testing.T) {
	long := strings.Repeat("x ", 30)
	d := ask(nil, says("1", 1, long), says("1", 1, "<script>"), says("1", 1, long))
	if got := d.Boards.Difference(); !strings.HasPrefix(got, "SDK x_x_") || !strings.HasSuffix(got, " and <script>") {
		t.Errorf("%q", got)
	}
}
