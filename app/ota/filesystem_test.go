package ota_test

import (
	"strings"
	"testing"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
)

// littleFS is a file system of 1 MiB that smart-lamp offers.
var littleFS = &release.Release{
	Platform: "smart-lamp", Filesystem: "LittleFS", Version: version.ParseLenient("v1.2.0"), Images: []release.Image{{Size: 1 << 20, Chip: "unknown"}},
}

// flash is what an update client reports of it, in bytes.
func flash(chip, sketch, free int64) func(*fleet.CheckIn) {
	return func(c *fleet.CheckIn) {
		c.Report.ChipSize, c.Report.SketchSize, c.Report.FreeSpace = chip, sketch, free
	}
}

// TestDecideOnFilesystems is TestDecide for the modes that ask for one.
func TestDecideOnFilesystems(t *testing.T) {
	esp32 := family(firmware.ESP32)
	for _, row := range []struct {
		asks     *fleet.CheckIn
		device   *fleet.Device
		platform *fleet.Platform
		offered  *release.Release
		answer   fleet.Answer
		reason   ota.Reason
		says     string
	}{
		{asks("v1.1.0", mode("spiffs")), onLamp, lamp, littleFS, fleet.Offer, ota.Newer, "has the file system v1.1.0 and is offered file system v1.2.0 (LittleFS)"},
		{asks("dev", mode("littlefs"), esp32), onLamp, lamp, littleFS, fleet.Offer, ota.Newer, ""},
		{asks("v1.2.0", mode("spiffs")), onLamp, lamp, littleFS, fleet.NoUpdate, ota.NotNewer, "is offered"},
		{asks("v9.0.0", mode("spiffs")), onLamp, lamp, littleFS, fleet.NoUpdate, ota.NotNewer, ""},
		{asks("v1.1.0", mode("spiffs"), sketch(md5)), onLamp, lamp, littleFS, fleet.Offer, ota.Newer, ""},
		{asks("v1.1.0", mode("spiffs")), onLamp, lamp, nothing, fleet.NoUpdate, ota.NoFilesystem, "No file system is published for smart-lamp."},
		{asks("v1.1.0", mode("spiffs"), esp32), onLamp, lamp, nothing, fleet.NoUpdate, ota.NoFilesystem, "No SPIFFS or LittleFS file system is published"},
		{asks("v1.1.0", mode("fatfs"), esp32), onLamp, lamp, nothing, fleet.NoUpdate, ota.NoFilesystem, "No FAT file system is published"},
		{asks("v1.1.0", mode("eeprom"), esp32), onLamp, lamp, nothing, fleet.NoUpdate, ota.NoFilesystem, ""},
		{asks("", mode("spiffs"), file("smart-lamp_v1.0.3.bin")), onLamp, lamp, littleFS, fleet.NoUpdate, ota.NoFilesystem, ""},

		// FS_start is 2 MiB in all but the last; what is free before it depends on the sketch.
		{asks("v1.1.0", mode("spiffs"), flash(4<<20, 378144, 1716224)), onLamp, lamp, littleFS, fleet.Offer, ota.Newer, ""},
		{asks("v1.1.0", mode("spiffs"), flash(3<<20+0x5000, 378144, 1716224)), onLamp, lamp, littleFS, fleet.Offer, ota.Newer, ""},
		{asks("v1.1.0", mode("spiffs"), flash(3<<20+0x4000, 378144, 1716224)), onLamp, lamp, littleFS, fleet.Refusal, ota.TooLarge, "has 1,048,576 bytes, and device 18:FE:34:AA:BB:CC has room for 1,044,480."},
		{asks("v1.1.0", mode("spiffs"), flash(1<<20, 378144, 1716224)), onLamp, lamp, littleFS, fleet.Refusal, ota.TooLarge, "has room for 0."},
		{asks("v1.1.0", mode("spiffs"), flash(1<<20, 0, 0)), onLamp, lamp, littleFS, fleet.Offer, ota.Newer, ""},
		{asks("v1.1.0", mode("littlefs"), esp32, flash(4<<20, 1006448, 1310720)), onLamp, lamp, littleFS, fleet.Offer, ota.Newer, ""},
		{asks("v1.1.0", mode("littlefs"), esp32, flash(1<<20+0x10000+1006448, 1006448, 0)), onLamp, lamp, littleFS, fleet.Offer, ota.Newer, ""},
		{asks("v1.1.0", mode("littlefs"), esp32, flash(1<<20+0x10000+1310720, 1006448, 1310720)), onLamp, lamp, littleFS, fleet.Offer, ota.Newer, ""},
		{asks("v1.1.0", mode("littlefs"), esp32, flash(1<<20+0x10000+1310719, 1006448, 1310720)), onLamp, lamp, littleFS, fleet.Refusal, ota.TooLarge, "room for 1,048,575."},
		{asks("v1.1.0", mode("littlefs"), esp32, flash(1<<20+0x10000+1006447, 1006448, 0)), onLamp, lamp, littleFS, fleet.Refusal, ota.TooLarge, "room for 1,048,575."},
		{asks("v1.2.0", mode("spiffs"), flash(1<<20, 378144, 1716224)), onLamp, lamp, littleFS, fleet.NoUpdate, ota.NotNewer, ""},

		{asks("", mode("spiffs")), onLamp, lamp, littleFS, fleet.Refusal, ota.VersionMissing, ""},
		{asks("v1.1.0", mode("spiffs")), onPlug, lamp, littleFS, fleet.Refusal, ota.OtherWhitelist, ""},
		{asks("v1.1.0", mode("spiffs")), revoked, lamp, littleFS, fleet.Refusal, ota.NotWhitelisted, ""},
		{asks("v1.1.0", mode("spiffs")), onLamp, locked, littleFS, fleet.Refusal, ota.PasswordMissing, ""},
	} {
		d := ota.Decide(row.asks, row.device, row.platform, row.offered)
		if d.Answer != row.answer || d.Reason != row.reason || !strings.Contains(d.Sentence, row.says) {
			t.Errorf("%s %s: %s, %s, %q; want %s, %s, …%s…", row.asks.Report.Mode, row.asks.Version, d.Answer, d.Reason, d.Sentence, row.answer, row.reason, row.says)
		}
		if (d.Answer == fleet.Offer) != (d.Image != nil && d.Release == row.offered) {
			t.Errorf("%s %s: an image belongs to an offer and to nothing else", row.asks.Report.Mode, row.asks.Version)
		}
		if h := d.Heard(row.asks); h.RunsKey != "" || h.Filesystem == "" {
			t.Errorf("%s: heard as %+v", row.asks.Report.Mode, h)
		}
	}
}
