package ota_test

import (
	"strings"
	"testing"
	"time"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
)

const (
	mac     = fleet.MAC("18fe34aabbcc")
	md5     = "a56f8ef78a0bebd812f62067daf1408a"
	rewrote = "b56f8ef78a0bebd812f62067daf1408a" // the same image after the updater wrote the flash mode
	hash    = "8dffb149e1859bd81a0df868c868f7127257065ed234c8d58247c347d416d758"
)

var (
	lamp    = &fleet.Platform{Name: "smart-lamp"}
	onLamp  = &fleet.Device{MAC: mac, Platform: "smart-lamp"}
	onPlug  = &fleet.Device{MAC: mac, Platform: "smart-plug"}
	revoked = &fleet.Device{MAC: mac}
	never   *fleet.Device

	locked   = &fleet.Platform{Name: "smart-lamp", Passwords: fleet.Passwords{Hash: fleet.Secret("NEW").Hash()}}
	rotating = &fleet.Platform{Name: "smart-lamp", Passwords: fleet.Passwords{Hash: fleet.Secret("NEW").Hash(), OldHash: fleet.Secret("OLD").Hash()}}
	lenient  = &fleet.Platform{Name: "smart-lamp", Passwords: fleet.Passwords{Hash: fleet.Secret("NEW").Hash(), Grace: true}}

	for8266 = lampRelease(firmware.ESP8266, "ESP8266")
	for32   = lampRelease(firmware.ESP32, "ESP32-C3")
	nothing *release.Release
	unknown *fleet.Platform
)

func lampRelease(f firmware.Family, chip string) *release.Release {
	v, err := version.Parse("v1.0.3")
	if err != nil {
		panic(err)
	}
	return &release.Release{Platform: "smart-lamp", Version: v, Images: []release.Image{
		{Family: f, Chip: chip, Running: []string{md5, rewrote}, Appended: hash}}}
}

// asks is a check-in of an ESP8266 for smart-lamp.
func asks(ver string, change ...func(*fleet.CheckIn)) *fleet.CheckIn {
	c := &fleet.CheckIn{MAC: mac, SentMAC: "18:FE:34:AA:BB:CC", Platform: "smart-lamp", Version: ver, At: time.Now(),
		Report: fleet.Report{Family: firmware.ESP8266, Mode: "sketch"}}
	for _, f := range change {
		f(c)
	}
	return c
}

func dev(name string) func(*fleet.CheckIn) { return func(c *fleet.CheckIn) { c.Platform = name } }
func sketch(sum string) func(*fleet.CheckIn) {
	return func(c *fleet.CheckIn) { c.Report.SketchMD5 = sum }
}
func sha(sum string) func(*fleet.CheckIn) {
	return func(c *fleet.CheckIn) { c.Report.SketchSHA256 = sum }
}
func file(name string) func(*fleet.CheckIn) { return func(c *fleet.CheckIn) { c.File = name } }
func client(v string) func(*fleet.CheckIn) {
	return func(c *fleet.CheckIn) { c.Report.ClientVersion = v }
}
func mode(m string) func(*fleet.CheckIn) { return func(c *fleet.CheckIn) { c.Report.Mode = m } }
func sent(address string) func(*fleet.CheckIn) {
	return func(c *fleet.CheckIn) { c.MAC, c.SentMAC = "", address }
}
func password(p fleet.Secret) func(*fleet.CheckIn) {
	return func(c *fleet.CheckIn) { c.Password = p }
}

// room is what a board says of its flash, and whether it can unpack an image.
func room(free, sketch, chip int64, inflates bool) func(*fleet.CheckIn) {
	return func(c *fleet.CheckIn) {
		r := &c.Report
		r.FreeSpace, r.SketchSize, r.ChipSize, r.Inflates = free, sketch, chip, inflates
	}
}
func family(f firmware.Family) func(*fleet.CheckIn) {
	return func(c *fleet.CheckIn) { c.Report.Family = f }
}

// TestDecide reads like the table of answers that boards depend on.
func TestDecide(t *testing.T) {
	for _, row := range []struct {
		asks     *fleet.CheckIn
		device   *fleet.Device
		platform *fleet.Platform
		offered  *release.Release
		answer   fleet.Answer
		reason   ota.Reason
		says     string
	}{
		{asks("v1.0.2"), onLamp, lamp, for8266, fleet.Offer, ota.Newer, "offered v1.0.3"},
		{asks("1.0"), onLamp, lamp, for8266, fleet.Offer, ota.Newer, ""},
		{asks("v01.00.002"), onLamp, lamp, for8266, fleet.Offer, ota.Newer, "runs v1.0.2"},
		{asks("v1.0.3-rc1"), onLamp, lamp, for8266, fleet.Offer, ota.Newer, ""},
		{asks("dev"), onLamp, lamp, for8266, fleet.Offer, ota.Newer, "runs dev"},
		{asks("2021-11-11b"), onLamp, lamp, for8266, fleet.Offer, ota.Newer, ""},
		{asks("v1.0.2", dev("SMART_LAMP")), onLamp, lamp, for8266, fleet.Offer, ota.Newer, ""},
		{asks("v1.0.2", family("")), onLamp, lamp, for8266, fleet.Offer, ota.Newer, ""},
		{asks("v1.0.2", family(firmware.ESP32)), onLamp, lamp, for32, fleet.Offer, ota.Newer, ""},

		{asks("v1.0.3"), onLamp, lamp, for8266, fleet.NoUpdate, ota.NotNewer, ""},
		{asks("v1.0.3+b7"), onLamp, lamp, for8266, fleet.NoUpdate, ota.NotNewer, ""},
		{asks("v2.0.0"), onLamp, lamp, for8266, fleet.NoUpdate, ota.NotNewer, ""},
		{asks("v1.0.2"), onLamp, lamp, nothing, fleet.NoUpdate, ota.NothingPublished, ""},
		{asks("v1.0.2", sketch(md5)), onLamp, lamp, for8266, fleet.NoUpdate, ota.SameBytes, ""},
		{asks("dev", sketch(rewrote)), onLamp, lamp, for8266, fleet.NoUpdate, ota.SameBytes, ""},
		{asks("v1.0.2", sha(hash), family(firmware.ESP32)), onLamp, lamp, for32, fleet.NoUpdate, ota.SameBytes, ""},

		{asks("", file("smart-lamp_v1.0.3.bin")), onLamp, lamp, for8266, fleet.Offer, ota.Chosen, "chose v1.0.3"},
		{asks("v9.0.0", file("smart-lamp_v1.0.3.bin")), onLamp, lamp, for8266, fleet.Offer, ota.Chosen, ""},
		{asks("", file("smart-lamp_v1.0.3.bin"), sketch(md5)), onLamp, lamp, for8266, fleet.NoUpdate, ota.SameBytes, ""},
		{asks("", file("smart-lamp_v1.0.3.bin")), onLamp, lamp, nothing, fleet.NoUpdate, ota.NothingPublished, ""},
		{asks("", file("smart-lamp_v1.0.2.bin")), onLamp, lamp, for8266, fleet.Refusal, ota.FileGone, "does not offer"},
		{asks("", file("smart-lamp_v1.0.3.bin")), onLamp, lamp, for32, fleet.Refusal, ota.OtherFamily, "built for ESP32-C3"},
		{asks("", file("smart-lamp_v1.0.3.bin")), never, lamp, for8266, fleet.Refusal, ota.NotWhitelisted, ""},
		{asks("", file("smart-lamp_v1.0.3.bin")), onLamp, locked, for8266, fleet.Refusal, ota.PasswordMissing, ""},

		{asks("v1.0.2", client("13.4.0(tasmota)")), onLamp, lamp, for8266, fleet.Offer, ota.Newer, ""},
		{asks("", client("13.4.0(tasmota)"), dev("smart-minimal.0.2")), onLamp, unknown, nothing, fleet.Refusal, ota.NoMinimal, "no minimal image"},
		{asks("v1.0.2-minimal", client("13.4.0(tasmota32)")), onLamp, lamp, for8266, fleet.Refusal, ota.NoMinimal, ""},
		{asks("v1.0.2-minimal"), onLamp, lamp, for8266, fleet.Offer, ota.Newer, ""},
		{asks("v1.0.2", client("13.4.0(tasmota)"), dev("lamp-minimal")), onLamp, lamp, for8266, fleet.Offer, ota.Newer, ""},
		{asks("0-safeboot", client("14.2.0.1(my-own build)")), onLamp, lamp, for8266, fleet.Refusal, ota.NoMinimal, ""},
		{asks("v1.0.2-safeboot", client("14.2.0.1(my-own build)")), onLamp, lamp, for8266, fleet.Offer, ota.Newer, ""},
		{asks("v1.0.2-minimal", client("14.2.0(iris)")), onLamp, lamp, for8266, fleet.Offer, ota.Newer, ""},
		{asks("v1.0.2-minimal", client("v13.4.0(tasmota)")), onLamp, lamp, for8266, fleet.Offer, ota.Newer, ""},
		{asks("v1.0.2-minimal", client("13.4.0")), onLamp, lamp, for8266, fleet.Offer, ota.Newer, ""},

		{asks("v1.0.2", sent("")), never, lamp, for8266, fleet.Refusal, ota.MACMissing, "no MAC address"},
		{asks("v1.0.2", sent("18:FE:34")), never, lamp, for8266, fleet.Refusal, ota.MACMalformed, `"18:FE:34" is not a MAC address`},
		{asks("v1.0.2", dev("")), onLamp, unknown, nothing, fleet.Refusal, ota.PlatformMissing, "platform is missing"},
		{asks("v1.0.2", dev("smart lamp")), onLamp, unknown, nothing, fleet.Refusal, ota.PlatformInvalid, `"smart lamp" is no platform name`},
		{asks("v1.0.2", dev(strings.Repeat("a", 65))), onLamp, unknown, nothing, fleet.Refusal, ota.PlatformInvalid, ""},
		{asks(""), onLamp, lamp, for8266, fleet.Refusal, ota.VersionMissing, "version is missing"},
		{asks("v1.0.2", dev("toaster")), onLamp, unknown, nothing, fleet.Refusal, ota.PlatformUnknown, "there is no platform toaster."},
		{asks("v1.0.2"), never, lamp, for8266, fleet.Refusal, ota.NotWhitelisted, "device 18:FE:34:AA:BB:CC is not on the whitelist of smart-lamp."},
		{asks("v1.0.2"), revoked, lamp, for8266, fleet.Refusal, ota.NotWhitelisted, ""},
		{asks("v9.9.9"), revoked, lamp, for8266, fleet.Refusal, ota.NotWhitelisted, ""},
		{asks("v1.0.2"), onPlug, lamp, for8266, fleet.Refusal, ota.OtherWhitelist, "is on the whitelist of smart-plug, not of smart-lamp."},
		{asks("v1.0.2", password("NEW")), onLamp, locked, for8266, fleet.Offer, ota.Newer, ""},
		{asks("v1.0.2", password("NEW")), onLamp, rotating, for8266, fleet.Offer, ota.Newer, ""},
		{asks("v1.0.2", password("OLD")), onLamp, rotating, for8266, fleet.Offer, ota.Newer, ""},
		{asks("v1.0.2", password("OLD")), onLamp, locked, for8266, fleet.Refusal, ota.PasswordWrong, "device 18:FE:34:AA:BB:CC sent a wrong password for smart-lamp."},
		{asks("v1.0.2"), onLamp, locked, for8266, fleet.Refusal, ota.PasswordMissing, "device 18:FE:34:AA:BB:CC sent no password for smart-lamp."},
		{asks("v1.0.2"), onLamp, rotating, for8266, fleet.Refusal, ota.PasswordMissing, ""},
		{asks("v1.0.2"), onLamp, lenient, for8266, fleet.Offer, ota.Newer, ""},
		{asks("v1.0.2", password("OLD")), onLamp, lenient, for8266, fleet.Offer, ota.Newer, ""},
		{asks("v1.0.2", password("any")), onLamp, lamp, for8266, fleet.Offer, ota.Newer, ""},
		// Who does not know the password learns of no device whether it is permitted.
		{asks("v1.0.2"), never, locked, for8266, fleet.Refusal, ota.PasswordMissing, "sent no password for smart-lamp."},
		{asks("v1.0.2", password("guess")), revoked, locked, for8266, fleet.Refusal, ota.PasswordWrong, "sent a wrong password for smart-lamp."},
		{asks("v1.0.2", password("guess")), onPlug, locked, for8266, fleet.Refusal, ota.PasswordWrong, ""},
		{asks("v1.0.3"), onLamp, locked, nothing, fleet.Refusal, ota.PasswordMissing, ""},
		{asks("v1.0.2", password("NEW")), revoked, locked, for8266, fleet.Refusal, ota.NotWhitelisted, ""},
		{asks("v1.0.2", password("NEW")), onPlug, locked, for8266, fleet.Refusal, ota.OtherWhitelist, ""},
		{asks("v1.0.2"), onLamp, lamp, for32, fleet.Refusal, ota.OtherFamily, "built for ESP32-C3; this device is an ESP8266."},
		{asks("v1.0.2", family(firmware.ESP32)), onLamp, lamp, for8266, fleet.Refusal, ota.OtherFamily, ""},
	} {
		d := ota.Decide(row.asks, row.device, row.platform, row.offered)
		if d.Answer != row.answer || d.Reason != row.reason || !strings.Contains(d.Sentence, row.says) {
			t.Errorf("%s %s: %s, %s, %q; want %s, %s, …%s…", row.asks.Platform, row.asks.Version, d.Answer, d.Reason, d.Sentence, row.answer, row.reason, row.says)
		}
		if (d.Answer == fleet.Offer) != (d.Image != nil && d.Release == row.offered) {
			t.Errorf("%s %s: an image belongs to an offer and to nothing else", row.asks.Platform, row.asks.Version)
		}
	}
}

// TestRunsKey holds that a hash tells more than a word: a board that says dev
// and runs the offered bytes is up to date.
func TestRunsKey(t *testing.T) {
	d := ota.Decide(asks("dev", sketch(md5)), onLamp, lamp, for8266)
	if d.RunsKey != for8266.Version.Key() {
		t.Error("the device runs the offered release by its hash")
	}
	d = ota.Decide(asks("v1.0.2"), onLamp, lamp, for8266)
	if d.RunsKey != version.ParseLenient("v1.0.2").Key() {
		t.Error("the device runs what it says")
	}
}

// TestSentencesAreOneLine holds that nothing a board sends can break the one
// line that it is answered with.
func TestSentencesAreOneLine(t *testing.T) {
	for _, c := range []*fleet.CheckIn{
		asks("v1", dev("a\r\nb")), asks("v1", sent("a\nb")), asks("a\nb", dev("\x00")), asks("v1", dev(strings.Repeat("é\n", 4000))),
	} {
		d := ota.Decide(c, nil, nil, nil)
		if strings.ContainsAny(d.Sentence, "\r\n\x00") || len(d.Sentence) > 400 {
			t.Errorf("%d bytes: %q", len(d.Sentence), d.Sentence)
		}
	}
}
