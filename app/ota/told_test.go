package ota_test

import (
	"testing"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
)

// TestTheVersionAloneIsTold holds that a board which asks for it is told the
// version that is offered, newer or not, and is offered nothing.
func TestTheVersionAloneIsTold(t *testing.T) {
	version := mode("version")
	for _, row := range []struct {
		asks     *fleet.CheckIn
		device   *fleet.Device
		platform *fleet.Platform
		offered  *release.Release
		answer   fleet.Answer
		reason   ota.Reason
		told     bool
	}{
		{asks("v1.0.2", version), onLamp, lamp, for8266, fleet.NoUpdate, ota.Told, true},
		{asks("v1.0.3", version), onLamp, lamp, for8266, fleet.NoUpdate, ota.NotNewer, true},
		{asks("v1.0.2", version, sketch(md5)), onLamp, lamp, for8266, fleet.NoUpdate, ota.SameBytes, true},
		{asks("v1.0.2", version, family(firmware.ESP32)), onLamp, lamp, for32, fleet.NoUpdate, ota.Told, true},
		{asks("v1.0.2", version), onLamp, lamp, nothing, fleet.NoUpdate, ota.NothingPublished, false},
		{asks("v1.0.2", version), onLamp, lamp, for32, fleet.Refusal, ota.OtherFamily, false},
		{asks("v1.0.2", version), onPlug, lamp, for8266, fleet.Refusal, ota.OtherWhitelist, false},
		{asks("v1.0.2", version), never, lamp, for8266, fleet.Refusal, ota.NotWhitelisted, false},
		{asks("v1.0.2", version), onLamp, locked, for8266, fleet.Refusal, ota.PasswordMissing, false},
		{asks("", version), onLamp, lamp, for8266, fleet.Refusal, ota.VersionMissing, false},
	} {
		d := ota.Decide(row.asks, row.device, row.platform, row.offered)
		if d.Answer != row.answer || d.Reason != row.reason || (d.Release != nil && d.Image != nil) != row.told {
			t.Errorf("%s: %s, %s, %v; want %s, %s, %v", row.asks.Version, d.Answer, d.Reason, d.Release, row.answer, row.reason, row.told)
		}
		if h := d.Heard(row.asks); h.Offered != "" {
			t.Errorf("%s: heard as an offer of %s", row.asks.Version, h.Offered)
		}
	}
}

// TestAQuestionForTheVersionIsNoNews holds that a board which asks for the
// version first and for the application then makes news once, and not by turns.
func TestAQuestionForTheVersionIsNoNews(t *testing.T) {
	for ver, want := range map[string][]bool{
		"v1.0.2": {true, true, false, false, false, false}, // told, offered
		"v1.0.3": {true, false, false, false, false, false},
	} {
		x := fleet.NewIndex()
		x.Put(fleet.Known{MAC: mac, Platform: "smart-lamp"})
		for n, news := range want {
			in := asks(ver, mode([]string{"version", "sketch"}[n%2]))
			d := ota.Decide(in, onLamp, lamp, for8266)
			h := d.Heard(in)
			if got := x.Hear(&h, "smart-lamp", 0, 1); got != news {
				t.Errorf("%s, check-in %d: news is %v", ver, n, got)
			}
		}
	}
}
