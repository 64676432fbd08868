package ota_test

import (
	"testing"
	"time"

	"esp-update-server/app/ota"
	"esp-update-server/app/release"
)

// TestPin plays what a device asks for, one after the other, and tells from which
// release it gets it: the one that it is pinned to, or what is offered.
func TestPin(t *testing.T) {
	const hour = time.Hour
	type ask struct {
		part  ota.Part
		after time.Duration
		held  bool
	}
	for name, asks := range map[string][]ask{
		"never asked":           {{ota.First, 0, false}},
		"the size alone":        {{ota.Size, 0, false}, {ota.Size, hour, false}},
		"parts":                 {{ota.Size, 0, false}, {ota.First, 0, true}, {ota.Later, 0, true}, {ota.Later, hour, true}},
		"begins anew":           {{ota.First, 0, false}, {ota.Size, hour, true}, {ota.First, 0, true}},
		"the size in between":   {{ota.First, 0, false}, {ota.Size, 0, true}, {ota.Size, 0, true}, {ota.Later, 0, true}},
		"a whole one":           {{ota.First, 0, false}, {ota.Whole, 0, false}},
		"again within a day":    {{ota.First, 0, false}, {ota.Later, 23 * hour, true}, {ota.Later, 23 * hour, true}},
		"again after a day":     {{ota.First, 0, false}, {ota.Later, 24 * hour, false}},
		"what is left, unknown": {{ota.Later, 0, false}, {ota.Later, 0, true}},
		"never gets it all": {
			{ota.Size, 0, false}, {ota.First, 0, true}, {ota.Size, hour, true}, {ota.First, 0, true}, {ota.Size, hour, true}, {ota.First, 0, true},
			{ota.Size, hour, false}, {ota.First, 0, false}, {ota.Later, 0, true},
		},
		"goes on at last": {
			{ota.First, 0, false}, {ota.First, 0, true}, {ota.First, 0, true}, {ota.Size, 0, false}, {ota.Size, 0, false}, {ota.Later, 0, true},
		},
		"begins it too often": {{ota.First, 0, false}, {ota.First, hour, true}, {ota.First, hour, true}, {ota.First, hour, false}, {ota.Later, 0, true}},
	} {
		t.Run(name, func(t *testing.T) {
			var pin *ota.Pin
			now := time.Now()
			for i, a := range asks {
				now = now.Add(a.after)
				if got := pin.Holds("smart-lamp", a.part, now); got != a.held {
					t.Fatalf("request %d: held is %v", i, got)
				}
				if pin.Holds("smart-sun", a.part, now) || pin.Outlives("smart-sun", a.part, now) {
					t.Error("it is held for another platform")
				}
				if !a.held && pin.Outlives("smart-lamp", a.part, now) {
					continue // with the pin that it has
				}
				next := ota.NextPin(pin, mac, &ota.Decision{Release: for8266, Image: &for8266.Images[0]}, a.part, now)
				pin = &next
			}
		})
	}
}

// TestTakenPin holds that who took all gets what is offered when they begin anew,
// and that the end, which may be lost on the way, is of the same image still.
func TestTakenPin(t *testing.T) {
	now := time.Now()
	d := &ota.Decision{Release: for8266, Image: &for8266.Images[0]}
	taken := ota.NextPin(nil, mac, d, ota.First, now)
	taken.Stage = ota.Taken
	for part, held := range map[ota.Part]bool{ota.Size: false, ota.First: false, ota.Later: true} {
		if taken.Holds("smart-lamp", part, now) != held {
			t.Errorf("part %d: held is not %v", part, held)
		}
	}
	if next := ota.NextPin(&taken, mac, d, ota.Size, now); next.Stage != ota.Sized {
		t.Errorf("who asks for the size anew is %s", next.Stage)
	}
}

// TestPinTells holds that a pin is not kept for each part anew.
func TestPinTells(t *testing.T) {
	now := time.Now()
	d := &ota.Decision{Release: for8266, Image: &for8266.Images[0]}
	first := ota.NextPin(nil, mac, d, ota.First, now)
	soon := ota.NextPin(&first, mac, d, ota.Later, now.Add(time.Second))
	late := ota.NextPin(&first, mac, d, ota.Later, now.Add(time.Minute))
	sized := ota.NextPin(nil, mac, d, ota.Size, now)
	other := release.Image{SHA256: "other"}
	moved := ota.NextPin(&first, mac, &ota.Decision{Release: for8266, Image: &other}, ota.Later, now)
	if !first.Tells(nil) || soon.Tells(&first) || !late.Tells(&first) || !first.Tells(&sized) || !moved.Tells(&first) {
		t.Error("it is not kept when it should, or when it need not")
	}
	if soon.Since != now || moved.ImageOf(for8266) != nil || first.ImageOf(for8266) != &for8266.Images[0] {
		t.Errorf("%+v, %+v", soon, moved)
	}
}
