package firmware_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
)

// TestInstallable: a merged file brings a blank chip to life from where it is
// meant to be written, or it is said why not.
func TestInstallable(t *testing.T) {
	rows := append(twoSlots[:len(twoSlots):len(twoSlots)], row{1, 0x82, 0x290000, 0x160000, "spiffs"})
	c3 := map[int][]byte{0: bootloader(5, true), 0x8000: table(rows), 0x10000: app(5)}
	with := func(at int, part []byte) map[int][]byte {
		m := map[int][]byte{at: part}
		for at, part := range c3 {
			if m[at] == nil {
				m[at] = part
			}
		}
		return m
	}
	whole, fs := flash(0, c3), append(littleFS(3), fill(0xFF, 4096)...)
	copy(fs[20:], "\x01\x00\x02\x00\x00\x10\x00\x00\x04\x00\x00\x00")
	for name, c := range map[string]struct {
		data []byte
		at   int64
		says string // "" when it is good
	}{
		"C3":                      {whole, 0, ""},
		"ESP32 from 0":            {flash(0, map[int][]byte{0x1000: bootloader(0, false), 0x8000: table(twoSlots), 0x10000: app(0)}), 0, ""},
		"ESP32 from 0x1000":       {flash(0x1000, map[int][]byte{0x1000: bootloader(0, true), 0x8000: table(twoSlots), 0x10000: app(0)}), 0x1000, ""},
		"P4 from 0x2000":          {flash(0x2000, map[int][]byte{0x2000: bootloader(0x12, true), 0x8000: table(twoSlots), 0x10000: app(0x12)}), 0x2000, ""},
		"with a file system":      {flash(0, with(0x290000, fs)), 0, ""},
		"padded":                  {append(whole[:len(whole):len(whole)], fill(0xFF, 0x8000)...), 0, ""},
		"plain application":       {app(5), 0, "not a merged file"},
		"plain, ESP8266":          {esp8266{3, tagText}.build(), 0, "all that a blank ESP8266 needs"},
		"flash dump, ESP8266":     {flash(0, map[int][]byte{0: esp8266{3, tagText}.build(), 0x200000: littleFS(4)}), 0, "all that a blank ESP8266 needs"},
		"nothing":                 {nil, 0, "not a merged file"},
		"no boot loader":          {flash(0x8000, map[int][]byte{0x8000: table(twoSlots), 0x10000: app(5)}), 0, "no boot loader for ESP32-C3 at 0x0"},
		"FF in place of it":       {flash(0, map[int][]byte{0x8000: table(twoSlots), 0x10000: app(5)}), 0, "no boot loader for ESP32-C3 at 0x0"},
		"boot loader of another":  {flash(0, map[int][]byte{0: bootloader(2, true), 0x8000: table(twoSlots), 0x10000: app(5)}), 0, "is for ESP32-S2, and its application for ESP32-C3"},
		"damaged boot loader":     {flash(0, with(0, flipped(bootloader(5, true), 60, 1))), 0, "checksum is wrong"},
		"no application":          {flash(0, map[int][]byte{0: bootloader(5, true), 0x8000: table(twoSlots), 0xE000: fill(0, 0x1000)}), 0, "no whole application"},
		"cut off":                 {whole[:0x10080], 0, "no whole application"},
		"cut off behind":          {flash(0, with(0x150000, app(5)[:200])), 0, "cut off: what begins in partition app1"},
		"file system cut off":     {flash(0, with(0x290000, fs[:8192])), 0, "cut off: what begins in partition spiffs"},
		"application in slot two": {flash(0, map[int][]byte{0: bootloader(5, true), 0x8000: table(twoSlots), 0x150000: app(5)}), 0, "starts partition app0"},
		"a chip of no tool":       {flash(0x2000, map[int][]byte{0x2000: bootloader(0x20, true), 0x8000: table(twoSlots), 0x10000: app(0x20)}), 0, "cannot write to this chip (ESP32-S31)"},
	} {
		at, err := firmware.Installable(c.data)
		switch {
		case c.says == "" && (err != nil || at != c.at):
			t.Errorf("%s: at 0x%x, %v", name, at, err)
		case c.says != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v; want %q in it", name, err, c.says)
		}
	}
}

// TestSettings: what a board stored is told from what a build leaves blank.
func TestSettings(t *testing.T) {
	parts := map[int][]byte{0: bootloader(5, true), 0x8000: table(twoSlots), 0x10000: app(5)}
	if got := firmware.Settings(flash(0, parts)); got != "" {
		t.Errorf("of a build: %q", got)
	}
	parts[0xA000] = []byte("\xfe\xff\xff\xffpassword")
	if got := firmware.Settings(flash(0, parts)); got != "nvs" {
		t.Errorf("of a board: %q", got)
	}
	if got := firmware.Settings(app(5)); got != "" {
		t.Errorf("of an application: %q", got)
	}
}

// TestInstallableRealFiles: the files that people flash.
func TestInstallableRealFiles(t *testing.T) {
	dir := os.Getenv("ESP_FIRMWARE_DIR")
	if dir == "" {
		t.Skip("ESP_FIRMWARE_DIR is not set: real firmware not tried")
	}
	for name, want := range map[string]struct {
		at   int64
		says string
	}{
		"esp32c3-merged-with-tag.bin":                  {0, ""},
		"esp32-merged-micropython-GENERIC-v1.23.0.bin": {0x1000, ""},
		"esp32s2-merged-pianolux-2023.bin":             {0, ""},
		"esp32-merged-bootloader+table-wled_v4.bin":    {0, "no whole application"},
		"esp8266-app-wled-0.15.0.bin":                  {0, "all that a blank ESP8266 needs"},
		"esp32c3-app-wled-0.15.0.bin":                  {0, "not a merged file"},
		"esp32c3-merged.uf2":                           {0, "not a merged file"},
	} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		at, err := firmware.Installable(data)
		if want.says == "" && (err != nil || at != want.at) || want.says != "" && (err == nil || !strings.Contains(err.Error(), want.says)) {
			t.Errorf("%s: at 0x%x, %v", name, at, err)
		}
	}
}
