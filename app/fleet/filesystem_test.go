package fleet_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
)

const board = fleet.MAC("18fe34aabbcc")

// heardAs is a check-in in a mode, with its answer.
func heardAs(mode, ver string, at time.Time, a fleet.Answer, reason string) fleet.Heard {
	h := fleet.Heard{
		CheckIn: fleet.CheckIn{MAC: board, Platform: "lamp", Version: ver, At: at, Report: fleet.Report{Family: firmware.ESP8266, Mode: mode}},
		Answer:  a, Reason: reason, RunsKey: "k" + ver, Offered: "v1.2.0",
	}
	if mode != "sketch" {
		h.RunsKey, h.Filesystem = "", "LittleFS"
	}
	return h
}

// TestFilesystemsAreToldApart holds that a board which asks for its application
// and for its file system by turns makes news of each once, and keeps the short
// way for its application.
func TestFilesystemsAreToldApart(t *testing.T) {
	number, _ := fleet.PackMAC([]byte(board))
	x, at := fleet.NewIndex(), time.Now()
	x.Put(fleet.Known{MAC: board, Platform: "lamp"})
	hear := func(mode, ver string) bool {
		h := heardAs(mode, ver, at, fleet.NoUpdate, "not-newer")
		return x.Hear(&h, "lamp", 7, 1)
	}
	for n, step := range []struct {
		mode, ver string
		news      bool
	}{
		{"sketch", "v1", true}, {"spiffs", "v3", true}, {"sketch", "v1", false}, {"spiffs", "v3", false},
		{"sketch", "v1", false}, {"spiffs", "v4", true}, {"sketch", "v1", false}, {"sketch", "v2", true}, {"spiffs", "v4", false},
	} {
		if got := hear(step.mode, step.ver); got != step.news {
			t.Errorf("step %d: news is %v", n, got)
		}
	}
	if !x.Again(number, 7, 1, at) {
		t.Error("a check-in for a file system took the short way away")
	}
	fs := heardAs("spiffs", "v4", at, fleet.NoUpdate, "not-newer")
	app := heardAs("sketch", "v2", at, fleet.NoUpdate, "not-newer")
	for name, c := range map[string]struct {
		do   func(x *fleet.Index)
		news bool
	}{
		"nothing": {func(*fleet.Index) {}, false},
		"read again": {func(x *fleet.Index) {
			x.Put(fleet.Known{MAC: board, Platform: "lamp", Facts: app.Facts(), FilesystemFacts: fs.Facts()})
		}, false},
		"written by another":    {func(x *fleet.Index) { x.Put(fleet.Known{MAC: board, Platform: "lamp", FilesystemFacts: 5}) }, true},
		"forgotten":             {func(x *fleet.Index) { x.Drop(board); x.Put(fleet.Known{MAC: board, Platform: "lamp"}) }, true},
		"not written after all": {func(x *fleet.Index) { x.Forget(board) }, true},
	} {
		c.do(x)
		if got := hear("spiffs", "v4"); got != c.news {
			t.Errorf("%s: news is %v", name, got)
		}
	}
	if late := heardAs("spiffs", "v4", at.Add(fleet.SilentAfter+time.Hour), fleet.NoUpdate, "not-newer"); !x.Hear(&late, "lamp", 7, 1) {
		t.Error("that a silent device is back is no news")
	}
}

// TestFoldOfFilesystems holds what check-ins for a file system change, and that
// they leave what is known of the application.
func TestFoldOfFilesystems(t *testing.T) {
	at := time.Now()
	minute := func(n int) time.Time { return at.Add(time.Duration(n) * time.Minute) }
	newest, happened := fleet.Fold(map[fleet.MAC]*fleet.Device{}, []fleet.Heard{
		heardAs("spiffs", "v1.0.0", minute(0), fleet.Offer, "newer"),
		heardAs("spiffs", "v1.0.0", minute(1), fleet.Offer, "newer"),
		heardAs("sketch", "v5.0.0", minute(2), fleet.NoUpdate, "not-newer"),
		heardAs("spiffs", "v1.2.0", minute(3), fleet.NoUpdate, "not-newer"),
		heardAs("sketch", "v5.0.0", minute(4), fleet.NoUpdate, "not-newer"),
		heardAs("spiffs", "v1.2.0", minute(5), fleet.Refusal, "filesystem-too-large"),
		heardAs("sketch", "v5.1.0", minute(6), fleet.NoUpdate, "not-newer"),
	})
	var told []string
	for _, h := range happened {
		told = append(told, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", h.Event, h.FromVersion, h.Version, h.Filesystem)))
	}
	want := "first-seen; offered v1.0.0 v1.2.0 LittleFS; updated v1.0.0 v1.2.0 LittleFS; refused  v1.2.0 LittleFS; updated v5.0.0 v5.1.0"
	if got := strings.Join(told, "; "); strings.ReplaceAll(got, "first-seen  ", "first-seen") != want {
		t.Errorf("happened: %s\nwant      %s", got, want)
	}
	quiet := heardAs("sketch", "v9.0.0", minute(7), fleet.NoUpdate, "not-newer")
	quiet.Quiet = true
	if saved, told := fleet.Fold(map[fleet.MAC]*fleet.Device{board: {LastSeen: &at, Version: "v5.1.0"}}, []fleet.Heard{quiet}); len(told) != 0 || len(saved) != 1 || saved[0].Version != "v9.0.0" {
		t.Errorf("of one that has had too much to tell: %+v, told %+v", saved, told)
	}
	if len(newest) != 2 || newest[0].Version != "v5.1.0" || newest[1].Version != "v1.2.0" || !newest[0].First.Equal(at) || !newest[1].First.Equal(at) {
		t.Errorf("newest: %+v", newest)
	}
}

// TestFoldKeepsTheVersion holds that a check-in which says no version, as one for a
// file that somebody chose, leaves the one that is known.
func TestFoldKeepsTheVersion(t *testing.T) {
	at := time.Now()
	before := func() map[fleet.MAC]*fleet.Device {
		return map[fleet.MAC]*fleet.Device{board: {LastSeen: &at, Version: "v1.0.2", VersionKey: "kv1.0.2"}}
	}
	said := heardAs("sketch", "", at, fleet.Offer, "chosen")
	said.RunsKey = ""
	if newest, _ := fleet.Fold(before(), []fleet.Heard{said}); newest[0].Version != "v1.0.2" || newest[0].RunsKey != "kv1.0.2" {
		t.Errorf("%+v", newest[0])
	}
	said.RunsKey = "proven"
	if newest, _ := fleet.Fold(before(), []fleet.Heard{said}); newest[0].Version != "" || newest[0].RunsKey != "proven" {
		t.Errorf("what its hash proves: %+v", newest[0])
	}
}
