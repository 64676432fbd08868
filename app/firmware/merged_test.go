package firmware_test

import (
	"bytes"
	"testing"

	"esp-update-server/app/firmware"
)

// app is an application for a chip, with an address to ask for updates at.
func app(chip uint16) []byte {
	e := c3(arduino(), tagText+"\x00")
	windows := map[uint16][2]uint32{0: {0x3F400020, 0x400D0000}, 2: {0x3F000020, 0x40080000}, 5: {0x3C000020, 0x42010000}, 0x12: {0x40000020, 0x40010000}, 0x20: {0x40000020, 0x40010000}}[chip]
	e.chip, e.segments = chip, e.segments[:2]
	e.segments[1].address = windows[1] + e.segments[1].address - 0x42010000
	e.segments[0].address = windows[0]
	return e.build()
}

// TestMerged: recognised wherever the table lies, on every chip, also when the
// file starts further on in the flash; the application in it is what it was.
func TestMerged(t *testing.T) {
	for name, c := range map[string]struct {
		chip  uint16
		data  []byte
		named string
	}{
		"C3":                   {5, flash(0, map[int][]byte{0: bootloader(5, true), 0x8000: table(twoSlots), 0x10000: app(5)}), "ESP32-C3"},
		"ESP32 from 0":         {0, flash(0, map[int][]byte{0x1000: bootloader(0, false), 0x8000: table(twoSlots), 0x10000: app(0)}), "ESP32"},
		"ESP32 from 0x1000":    {0, flash(0x1000, map[int][]byte{0x1000: bootloader(0, true), 0x8000: table(twoSlots), 0x10000: app(0)}), "ESP32"},
		"S2 from 0x1000":       {2, flash(0x1000, map[int][]byte{0x1000: bootloader(2, true), 0x8000: table(twoSlots), 0x10000: app(2)}), "ESP32-S2"},
		"P4 from 0x2000":       {0x12, flash(0x2000, map[int][]byte{0x2000: bootloader(0x12, true), 0x8000: table(twoSlots), 0x10000: app(0x12)}), "ESP32-P4"},
		"P4 from 0":            {0x12, flash(0, map[int][]byte{0x2000: bootloader(0x12, true), 0x8000: table(twoSlots), 0x10000: app(0x12)}), "ESP32-P4"},
		"table elsewhere":      {5, flash(0, map[int][]byte{0: bootloader(5, true), 0xE000: table(twoSlots), 0x10000: app(5)}), "ESP32-C3"},
		"table at the end":     {5, flash(0, map[int][]byte{0: bootloader(5, true), 0x17000: table([]row{{0, 0, 0x20000, 0x10000, "factory"}}), 0x20000: app(5)}), "ESP32-C3"},
		"no boot loader":       {5, flash(0x8000, map[int][]byte{0x8000: table(twoSlots), 0x10000: app(5)}), "ESP32-C3"},
		"second slot":          {5, flash(0, map[int][]byte{0: bootloader(5, true), 0x8000: table(twoSlots), 0x150000: app(5)}), "ESP32-C3"},
		"with a file system":   {5, flash(0, map[int][]byte{0: bootloader(5, true), 0x8000: table(twoSlots), 0x10000: app(5), 0x290000: littleFS(4)}), "ESP32-C3"},
		"padded to the border": {5, append(flash(0, map[int][]byte{0: bootloader(5, true), 0x8000: table(twoSlots), 0x10000: app(5)}), fill(0xFF, 0x8000)...), "ESP32-C3"},
	} {
		i := firmware.Inspect(c.data, firmware.Options{File: name})
		sound(t, c.data, i)
		expect(t, i, firmware.Fail, "merged", "application for "+c.named)
		if i.Kind != firmware.Merged || i.Chip != c.named || i.Sendable || i.Platform != "" {
			t.Errorf("%s: kind %s, chip %s, sendable %v, platform %q", name, i.Kind, i.Chip, i.Sendable, i.Platform)
		}
		inside, err := firmware.Extract(c.data)
		if err != nil || !bytes.Equal(inside, app(c.chip)) {
			t.Errorf("%s: extracted %d bytes, %v; want %d", name, len(inside), err, len(app(c.chip)))
		}
		if i := inspect(inside); !i.Publishable || i.Platform != "smart-lamp" {
			t.Errorf("%s: the application in it: %s", name, i.Refusal())
		}
	}
}

// TestMergedWithoutApplication: nothing to offer, and it says so.
func TestMergedWithoutApplication(t *testing.T) {
	whole := flash(0, map[int][]byte{0: bootloader(5, true), 0x8000: table(twoSlots), 0x10000: app(5)})
	for name, data := range map[string][]byte{
		"without": flash(0, map[int][]byte{0: bootloader(5, true), 0x8000: table(twoSlots), 0xE000: fill(0, 0x1000)}),
		"cut off": whole[:0x10080],
	} {
		i := firmware.Inspect(data, firmware.Options{File: name})
		sound(t, data, i)
		expect(t, i, firmware.Fail, "merged", "no whole application")
		if _, err := firmware.Extract(data); err == nil {
			t.Errorf("%s: extracted something", name)
		}
	}
}

// TestMergedESP8266: the application with the rest of the flash behind it.
func TestMergedESP8266(t *testing.T) {
	image := esp8266{3, tagText}.build()
	dump := flash(0, map[int][]byte{0: image, 0x40000: []byte("old code"), 0x100000 - 4: {1, 2, 3, 4}})
	for name, data := range map[string][]byte{
		"empty":    append(bytes.Clone(image), fill(0xFF, 0x400000-len(image))...),
		"LittleFS": flash(0, map[int][]byte{0: image, 0x200000: littleFS(4)}), "SPIFFS": flash(0, map[int][]byte{0: image, 0x2000: spiffs(4, false)}), "dump": dump,
	} {
		i := firmware.Inspect(data, firmware.Options{File: name})
		sound(t, data, i)
		expect(t, i, firmware.Fail, "merged", "copy of a whole flash")
		if inside, err := firmware.Extract(data); err != nil || !bytes.Equal(inside, image) {
			t.Errorf("%s: extracted %d bytes, %v", name, len(inside), err)
		}
	}
	if i := inspect(append(image, fill(0xFF, 0x80000-len(image))...)); !i.Publishable {
		t.Errorf("a filling is no harm: %s", i.Refusal())
	}
}

func TestExtractRefuses(t *testing.T) {
	for name, data := range map[string][]byte{"nothing": nil, "text": []byte("hello"), "application": app(5), "ESP8266": esp8266{3, ""}.build(), "table": table(twoSlots)} {
		if b, err := firmware.Extract(data); err == nil {
			t.Errorf("%s: extracted %d bytes", name, len(b))
		}
	}
}
