package fleet_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"esp-update-server/app/fleet"
)

// seen is when a device was heard, as it was written last.
func (p *paper) seen(mac fleet.MAC) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.settled[mac]
	for _, list := range p.kept {
		for _, s := range list {
			if s.MAC == mac && s.At.After(at) {
				at = s.At
			}
		}
	}
	return at
}

// TestWhatWasSeenIsKeptAndSettled holds that within a round it is written when
// each device of a large part was heard, that all are settled after some rounds,
// and that then nothing is kept beside.
func TestWhatWasSeenIsKeptAndSettled(t *testing.T) {
	const part = 7
	d := newDesk()
	var macs []fleet.MAC
	for n := 0; len(macs) < 250; n++ { // of which a round settles less
		if mac := fleet.MAC(fmt.Sprintf("%012x", n)); fleet.Part(mac) == part {
			macs = append(macs, mac)
			d.hears(mac, "v1")
		}
	}
	at := time.Now()
	for _, mac := range macs {
		d.hears(mac, "v1")
	}
	for round := range 4 {
		fleet.Sweep(d.Writer, deaf{}, part)
		for _, mac := range macs {
			if d.seen(mac).Before(at.Truncate(time.Microsecond)) {
				t.Fatalf("after round %d, %s was seen at %v", round, mac, d.seen(mac))
			}
		}
		if want := []int{100, 200, 250, 250}[round]; len(d.settled) != want || len(d.kept[part]) != 250-want {
			t.Errorf("after round %d %d are settled and %d kept", round, len(d.settled), len(d.kept[part]))
		}
	}

	d.away(errors.New("away"))
	d.hears(macs[0], "v1")
	fleet.Sweep(d.Writer, deaf{}, part)
	d.away(nil)
	fleet.Sweep(d.Writer, deaf{}, part)
	if !d.seen(macs[0]).After(d.seen(macs[1])) {
		t.Error("what was heard while the database was away is lost")
	}
}

// TestPagesHearOfWhatOthersHeard holds that a device which another process heard
// is told to the pages of this one.
func TestPagesHearOfWhatOthersHeard(t *testing.T) {
	x, at := fleet.NewIndex(), time.Now()
	x.Put(fleet.Known{MAC: "00000000000a", LastSeen: at})
	x.Saw(fleet.Seen{MAC: "00000000000a", At: at}, false)
	if list, _ := x.Touched(); len(list) > 0 {
		t.Errorf("nothing is new of %v", list)
	}
	x.Saw(fleet.Seen{MAC: "00000000000a", At: at.Add(time.Second)}, false)
	if list, _ := x.Touched(); len(list) != 1 {
		t.Errorf("told of %v", list)
	}
}
