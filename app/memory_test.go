package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// lastSeen is when the site says that its device was last heard.
func (s *site) lastSeen() time.Time {
	s.t.Helper()
	var d struct {
		LastSeen time.Time `json:"last_seen"`
	}
	if err := json.Unmarshal(s.call("GET", "/api/v1/devices/18fe34aabbcc", ""), &d); err != nil {
		s.t.Fatal(err)
	}
	return d.LastSeen
}

// TestAStopSavesWhatIsInMemory holds that a graceful stop leaves in the database
// when a device was last heard, also when it said nothing new then.
func TestAStopSavesWhatIsInMemory(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		s := newSite(t, c)
		s.board("v1.0.0")
		first := s.lastSeen()
		for s.lastSeen().Equal(first) { // the API tells seconds
			time.Sleep(50 * time.Millisecond)
			s.board("v1.0.0")
		}
		last := s.lastSeen()
		s.stop(t)
		s.ends(t)
		if log := s.logged(); strings.Contains(log, "level=ERROR") || s.ProcessState.ExitCode() != 0 {
			t.Errorf("it stopped with %d: %s", s.ProcessState.ExitCode(), log)
		}
		s.restart()
		if got := s.lastSeen(); !got.Equal(last) {
			t.Errorf("after the stop it was last seen at %s, before at %s", got, last)
		}
	})
}

// TestKillKeepsWhatPeopleWereTold kills the server while a board asks and somebody
// revokes and permits it in turn: no change that was acknowledged is gone, and
// the board is answered as the database then says.
func TestKillKeepsWhatPeopleWereTold(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		s := newSite(t, c)
		for round := range 4 {
			acknowledged := make(chan int)
			go func() { acknowledged <- s.editUntilKilled() }()
			for n := range 3 + 5*round {
				s.board(fmt.Sprintf("v0.%d.%d", round, n))
			}
			s.kill()
			last := <-acknowledged
			forgotten(t, c)
			s.restart()
			var d struct {
				Notes    string
				Platform *string
			}
			if err := json.Unmarshal(s.call("GET", "/api/v1/devices/18fe34aabbcc", ""), &d); err != nil {
				t.Fatal(err)
			}
			is, _ := strconv.Atoi(d.Notes)
			if is < last || is > last+1 {
				t.Fatalf("edit %d was acknowledged, and edit %d is there", last, is)
			}
			if permitted := d.Platform != nil; last > 0 && permitted != (is%2 == 0) {
				t.Errorf("half of edit %d is there: permitted: %v", is, permitted)
			}
			if head, _ := s.board("v9.0.0"); strings.Contains(head, " 304 ") != (d.Platform != nil) {
				t.Errorf("permitted: %v, and a board is answered %s", d.Platform != nil, head)
			}
			s.call("PUT", "/api/v1/devices/18fe34aabbcc", `{"platform":"smart-lamp","notes":"0"}`)
		}
	})
}

// editUntilKilled changes the device again and again, and is the number of the
// last change that was acknowledged.
func (s *site) editUntilKilled() int {
	for n := 1; ; n++ {
		platform := `"smart-lamp"`
		if n%2 == 1 {
			platform = "null"
		}
		body := fmt.Sprintf(`{"platform":%s,"notes":"%d"}`, platform, n)
		status, _, err := s.send("PUT", "/api/v1/devices/18fe34aabbcc", "application/json", strings.NewReader(body))
		if err != nil || status != 200 {
			return n - 1
		}
	}
}
