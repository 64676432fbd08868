package fleet_test

import (
	"testing"
	"time"

	"esp-update-server/app/fleet"
)

// TestAgain holds when a request is taken for the one before: only when all that
// it was decided from is as it was.
func TestAgain(t *testing.T) {
	const mac = fleet.MAC("18fe34aabbcc")
	number, ok := fleet.PackMAC([]byte("18:FE:34:AA:BB:CC"))
	if !ok {
		t.Fatal("the MAC cannot be read")
	}
	for name, row := range map[string]struct {
		answer  fleet.Answer
		request uint64
		catalog uint32
		between func(x *fleet.Index)
		want    bool
	}{
		"the same":           {fleet.NoUpdate, 7, 1, nil, true},
		"another request":    {fleet.NoUpdate, 8, 1, nil, false},
		"another catalog":    {fleet.NoUpdate, 7, 2, nil, false},
		"an offer before":    {fleet.Offer, 7, 1, nil, false},
		"a refusal before":   {fleet.Refusal, 7, 1, nil, false},
		"moved":              {fleet.NoUpdate, 7, 1, func(x *fleet.Index) { x.Put(fleet.Known{MAC: mac, Platform: "plug"}) }, false},
		"forgotten":          {fleet.NoUpdate, 7, 1, func(x *fleet.Index) { x.Drop(mac) }, false},
		"written by another": {fleet.NoUpdate, 7, 1, func(x *fleet.Index) { x.Put(fleet.Known{MAC: mac, Platform: "lamp", Facts: 5}) }, false},
	} {
		x := fleet.NewIndex()
		x.Put(fleet.Known{MAC: mac, Platform: "lamp"})
		h := fleet.Heard{CheckIn: fleet.CheckIn{MAC: mac, At: time.Now()}, Answer: row.answer}
		x.Hear(&h, "lamp", 7, 1)
		if row.between != nil {
			row.between(x)
		}
		if got := x.Again(number, row.request, row.catalog, time.Now()); got != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	x := fleet.NewIndex()
	x.Put(fleet.Known{MAC: mac, Platform: "lamp"})
	h := fleet.Heard{CheckIn: fleet.CheckIn{MAC: mac, At: time.Now()}, Answer: fleet.NoUpdate}
	x.Hear(&h, "plug", 7, 1) // decided before it moved
	if x.Again(number, 7, 1, time.Now()) {
		t.Error("an answer of before a move is given after it")
	}
	x.Hear(&h, "lamp", 7, 1)
	if n := testing.AllocsPerRun(100, func() { x.Again(number, 7, 1, time.Now()) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if x.Again(number, 7, 1, time.Now().Add(fleet.SilentAfter+time.Hour)) {
		t.Error("that a silent device is back is no news")
	}
}
