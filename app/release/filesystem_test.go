package release_test

import (
	"context"
	"strings"
	"testing"

	"esp-update-server/app/firmware"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
)

// hadFilesystem is a LittleFS that smart-lamp offers.
func hadFilesystem(v string, data []byte) *store {
	image := release.Describe(data, firmware.Inspect(data, firmware.Options{}))
	return &store{top: v, files: []release.Release{
		{Platform: "smart-lamp", Filesystem: "LittleFS", Version: version.ParseLenient(v), Offered: true, Images: []release.Image{image}},
		{Platform: "smart-lamp", Filesystem: "FAT", Version: version.ParseLenient("v9.0.0"), Offered: true, Images: []release.Image{{SHA256: "other"}}},
	}}
}

func TestAssessFilesystems(t *testing.T) {
	fs := firmwaretest.LittleFS(4, 1)
	named := func(file string) release.Upload { return release.Upload{File: file, Data: fs} }
	for name, row := range map[string]struct {
		store  *store
		upload release.Upload
		as     string // "platform version", or "" when refused
		code   string // of a finding that must be there
		status firmware.Status
		says   string
	}{
		"named by its file":      {&store{}, named("smart-lamp_v1.2.0.littlefs.bin"), "smart-lamp v1.2.0", "filesystem", firmware.Pass, "A LittleFS file system of 16,384 bytes"},
		"with a hyphen":          {&store{}, named("SMART_LAMP-v1.2.0-rc.1.littlefs.bin"), "smart-lamp v1.2.0-rc.1", "", "", ""},
		"without its type":       {&store{}, named("smart-lamp_1.2.bin"), "smart-lamp v1.2.0", "", "", ""},
		"called spiffs":          {&store{}, named("smart-lamp_v1.2.0.spiffs.bin"), "smart-lamp v1.2.0", "filesystem-name", firmware.Warn, "The file is called SPIFFS, and there is a LittleFS file system in it."},
		"called fatfs":           {&store{}, named("smart-lamp_v1.2.0+b7.fatfs.bin"), "smart-lamp v1.2.0+b7", "filesystem-name", firmware.Warn, "The file is called FAT"},
		"named as tools do":      {&store{}, named("littlefs.bin"), "", "", "", "name the file like smart-lamp_v1.2.0.littlefs.bin"},
		"no version in it":       {&store{}, named("smart-lamp.littlefs.bin"), "", "", "", "nothing says for which platform"},
		"a person's word":        {&store{}, release.Upload{File: "littlefs.bin", Data: fs, Platform: "Smart_Lamp", Version: "2"}, "smart-lamp v2.0.0", "", "", ""},
		"goes before the name":   {&store{}, release.Upload{File: "toaster_v9.0.0.bin", Data: fs, Platform: "smart-lamp", Version: "v1.2.0"}, "smart-lamp v1.2.0", "", "", ""},
		"half of it":             {&store{}, release.Upload{File: "smart-lamp_v1.2.0.bin", Data: fs, Version: "v1.3.0"}, "smart-lamp v1.3.0", "", "", ""},
		"bad version":            {&store{}, release.Upload{Data: fs, Platform: "smart-lamp", Version: "01.2.3"}, "", "", "", "leading zero"},
		"no such platform":       {&store{}, named("toaster_v1.0.0.bin"), "", "platform-unknown", firmware.Fail, "file system v1.0.0 (LittleFS)"},
		"first":                  {&store{}, named("smart-lamp_v1.0.0.bin"), "smart-lamp v1.0.0", "version-higher", firmware.Pass, "will be the first release"},
		"higher":                 {hadFilesystem("v1.0.0", firmwaretest.LittleFS(4, 2)), named("smart-lamp_v1.0.1.bin"), "smart-lamp v1.0.1", "version-higher", firmware.Pass, "The file system v1.0.1 (LittleFS) is higher than v1.0.0"},
		"not higher":             {hadFilesystem("v1.1.0", firmwaretest.LittleFS(4, 2)), named("smart-lamp_v1.0.1.bin"), "", "version-not-higher", firmware.Fail, "v1.1.0"},
		"the same version":       {hadFilesystem("v1.1.0", firmwaretest.LittleFS(4, 2)), named("smart-lamp_v1.1.0.bin"), "", "same-version-other-bytes", firmware.Fail, ""},
		"the same bytes":         {hadFilesystem("v1.1.0", fs), named("smart-lamp_v1.2.0.bin"), "", "same-bytes-other-version", firmware.Fail, ""},
		"cut off":                {&store{}, release.Upload{File: "smart-lamp_v1.0.0.bin", Data: fs[:4096*3]}, "", "truncated", firmware.Fail, "4 blocks of 4,096 bytes, 16,384 bytes in all; the file has 12,288 bytes"},
		"compressed":             {&store{}, release.Upload{File: "smart-lamp_v1.0.0.bin", Data: firmwaretest.Gzip(fs)}, "", "gzip", firmware.Fail, "gunzip"},
		"too large":              {&store{}, release.Upload{File: "smart-lamp_v1.0.0.bin", Data: firmwaretest.LittleFS(9, 0)}, "", "too-large", firmware.Fail, "the limit is"},
		"an application by name": {&store{}, release.Upload{File: "smart-lamp_v9.0.0.littlefs.bin", Data: lamp("v1.0.0")}, "smart-lamp v1.0.0", "tag", firmware.Pass, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := &release.Publisher{Store: row.store, MaxSize: 32 << 10, Keep: 10}
			a, err := p.Assess(context.Background(), &row.upload)
			if err != nil {
				t.Fatal(err)
			}
			checkOutcome(t, p, row.store, a, row.as, row.says)
			if row.code != "" {
				checkFinding(t, a, row.code, row.status, row.says)
			}
			if r := row.store.published; r != nil && (r.Filesystem == "") != (name == "an application by name") {
				t.Errorf("published as the file system %q", r.Filesystem)
			}
		})
	}
}

// TestFitOfFilesystems: how much room there is for one follows from what devices
// report of their flash, and is not what is free for an application.
func TestFitOfFilesystems(t *testing.T) {
	for name, row := range map[string]struct {
		room   release.Room
		status firmware.Status
		says   string
	}{
		"ESP8266 with room":      {release.Room{Family: firmware.ESP8266, FreeSpace: 1716224, SketchSize: 378144, ChipSize: 2<<20 + 0x5000 + 16384}, firmware.Pass, "All 3 devices"},
		"ESP8266 a sector short": {release.Room{Family: firmware.ESP8266, FreeSpace: 1716224, SketchSize: 378144, ChipSize: 2<<20 + 0x5000 + 12288}, firmware.Warn, "room for 12 KiB"},
		"ESP32 with room":        {release.Room{Family: firmware.ESP32, SketchSize: 1 << 20, ChipSize: 4 << 20}, firmware.Pass, "All 3 devices"},
		"ESP32 as large as free": {release.Room{Family: firmware.ESP32, SketchSize: 1 << 10, FreeSpace: 1 << 20, ChipSize: 1<<20 + 0x10000 + 16384}, firmware.Pass, "All 3 devices"},
		"ESP32, its next is big": {release.Room{Family: firmware.ESP32, SketchSize: 1 << 10, FreeSpace: 1 << 20, ChipSize: 1<<20 + 0x10000 + 16383}, firmware.Warn, "room for 16 KiB"},
		"ESP32 without":          {release.Room{Family: firmware.ESP32, SketchSize: 1 << 20, ChipSize: 1<<20 + 0x10000}, firmware.Warn, "room for 0 B"},
		"nothing said":           {release.Room{Family: firmware.ESP8266, FreeSpace: 1716224}, "", ""},
	} {
		row.room.Devices, row.room.Example = 3, "18fe34aabbcc"
		p := &release.Publisher{Store: &store{room: []release.Room{row.room}}, MaxSize: 16 << 20}
		a, err := p.Assess(context.Background(), &release.Upload{File: "smart-lamp_v1.0.0.bin", Data: firmwaretest.LittleFS(4, 1)})
		if err != nil || a.Refusal != nil {
			t.Fatal(err, a.Refusal)
		}
		said := firmware.Finding{}
		for _, f := range a.Inspection.Findings {
			if f.Code == "fit" {
				said = f
			}
		}
		if said.Status != row.status || !strings.Contains(said.Detail, row.says) {
			t.Errorf("%s: %+v", name, said)
		}
	}
}

// FuzzFileName: whatever a file is called, what is read out of its name is a
// platform's name and a version, or a person is asked.
func FuzzFileName(f *testing.F) {
	for _, name := range []string{"smart-lamp_v1.2.0.littlefs.bin", "A__v1.0.0-1_v2.0.0.bin", "-v1.bin", "x-.v1.0.spiffs.bin", "\xff_v1.0.0.bin"} {
		f.Add(name)
	}
	data := firmwaretest.LittleFS(2, 0)
	p := &release.Publisher{Store: &store{}, MaxSize: 16 << 20}
	f.Fuzz(func(t *testing.T, name string) {
		a, err := p.Assess(context.Background(), &release.Upload{File: name, Data: data})
		if err != nil {
			t.Fatal(err)
		}
		if a.Platform == "" {
			if a.Refusal == nil {
				t.Errorf("%q is for nobody", name)
			}
			return
		}
		if folded, ok := fleet.DevicePlatformName(a.Platform); !ok || folded != a.Platform {
			t.Errorf("%q is for %q", name, a.Platform)
		}
		if _, err := version.Parse(a.Version.String()); err != nil {
			t.Errorf("%q is %q: %v", name, a.Version, err)
		}
	})
}
