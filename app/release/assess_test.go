package release_test

import (
	"context"
	"strings"
	"testing"

	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
)

// store is a platform smart-lamp with what a test puts in it.
type store struct {
	top       string
	before    []release.Release
	room      []release.Room
	published *release.Publication
	added     *release.Installation
	files     []release.Release // file systems
}

func (s *store) Highest(_ context.Context, platform, _ string) (version.Version, error) {
	if platform != "smart-lamp" {
		return version.Version{}, fault.New(fault.NotFound, "none")
	}
	return version.ParseLenient(s.top), nil
}
func (s *store) List(context.Context, string) ([]release.Release, error) { return s.before, nil }
func (s *store) Filesystems(context.Context, string) ([]release.Release, error) {
	return s.files, nil
}
func (s *store) Room(context.Context, string) ([]release.Room, error) { return s.room, nil }
func (s *store) Platforms(context.Context) ([]string, error)          { return []string{"smart-lamp"}, nil }
func (s *store) Publish(_ context.Context, p *release.Publication) error {
	s.published = p
	return nil
}
func (s *store) AddMerged(_ context.Context, i *release.Installation) error {
	s.added = i
	return nil
}

func lamp(v string) []byte { return firmwaretest.ESP8266App(firmwaretest.Tag("SMART_LAMP", v)) }

// had is a release that smart-lamp offers.
func had(v string, data []byte, change ...func(*firmware.Inspection)) *store {
	i := firmware.Inspect(data, firmware.Options{})
	for _, f := range change {
		f(i)
	}
	return &store{top: v, before: []release.Release{
		{Platform: "smart-lamp", Version: version.ParseLenient(v), Offered: true, Images: []release.Image{release.Describe(data, i)}},
	}}
}

var untagged = firmwaretest.ESP8266App("ESP8266-http-Update\x00x-ESP8266-STA-MAC\x00nothing else\x00")

func TestAssess(t *testing.T) {
	signed := func(i *firmware.Inspection) { i.Signature = &firmware.Signature{Scheme: "ESP8266 RSA"} }
	for name, row := range map[string]struct {
		store  *store
		upload release.Upload
		as     string // "platform version", or "" when refused
		code   string // of a finding that must be there
		status firmware.Status
		says   string
	}{
		"first release":     {&store{}, release.Upload{Data: lamp("v1.0.0")}, "smart-lamp v1.0.0", "version-higher", firmware.Pass, "first release"},
		"version rises":     {had("v1.0.0", lamp("v1.0.0")), release.Upload{Data: lamp("v1.0.1")}, "smart-lamp v1.0.1", "version-higher", firmware.Pass, "higher than v1.0.0"},
		"no such platform":  {&store{}, release.Upload{Data: firmwaretest.ESP8266App(firmwaretest.Tag("toaster", "v1"))}, "", "platform-unknown", firmware.Fail, "no platform toaster"},
		"lower":             {had("v1.0.2", lamp("v1.0.2")), release.Upload{Data: lamp("v1.0.1")}, "", "version-not-higher", firmware.Fail, "v1.0.1 is not higher than v1.0.2"},
		"the same again":    {had("v1.0.2", lamp("v1.0.2")), release.Upload{Data: lamp("v1.0.2")}, "", "version-not-higher", firmware.Fail, ""},
		"version forgotten": {had("v1.0.2", lamp("v1.0.2")), release.Upload{Data: firmwaretest.Lamp("v1.0.2")}, "", "same-version-other-bytes", firmware.Fail, "not raised"},
		"lower than pruned": {&store{top: "v2.0.0"}, release.Upload{Data: lamp("v1.9.0")}, "", "version-not-higher", firmware.Fail, "v2.0.0"},
		"same bytes, other version": {had("v1.0.1", untagged),
			release.Upload{Data: untagged, Platform: "smart-lamp", Version: "v1.0.2", Accept: []string{"tag-missing"}}, "", "same-bytes-other-version", firmware.Fail, "as v1.0.1"},

		"no text":                {&store{}, release.Upload{Data: untagged}, "", "tag-missing", firmware.Fail, "never get another one"},
		"no text, not confirmed": {&store{}, release.Upload{Data: untagged, Platform: "smart-lamp", Version: "v1"}, "", "tag-missing", firmware.Fail, "confirm that the text is missing"},
		"no text, confirmed": {&store{}, release.Upload{Data: untagged, Platform: "Smart_Lamp", Version: "1", Accept: []string{"tag-missing"}},
			"smart-lamp v1.0.0", "tag-missing", firmware.Warn, ""},
		"confirmed without platform": {&store{}, release.Upload{Data: untagged, Version: "1", Accept: []string{"tag-missing"}}, "", "", "", "which platform"},
		"confirmed without version":  {&store{}, release.Upload{Data: untagged, Platform: "smart-lamp", Accept: []string{"tag-missing"}}, "", "", "", "version is missing"},
		"confirmed, bad version":     {&store{}, release.Upload{Data: untagged, Platform: "smart-lamp", Version: "01.2.3", Accept: []string{"tag-missing"}}, "", "", "", "leading zero"},
		"contradicts the platform":   {&store{}, release.Upload{Data: lamp("v1"), Platform: "toaster"}, "", "", "", "for smart-lamp, not for toaster"},
		"contradicts the version":    {&store{}, release.Upload{Data: lamp("v1"), Version: "v2"}, "", "", "", "v1.0.0, not v2"},
		"says the same":              {&store{}, release.Upload{Data: lamp("v1"), Platform: "SMART_LAMP", Version: "1.0"}, "smart-lamp v1.0.0", "", "", ""},
		"wrong bytes stay wrong": {&store{}, release.Upload{Data: []byte("<!DOCTYPE html>"), Platform: "smart-lamp", Version: "v1", Accept: []string{"tag-missing", "text"}},
			"", "text", firmware.Fail, "HTML"},

		"other chip": {had("v1.0.0", firmwaretest.ESP32App(firmwaretest.ESP32, firmwaretest.Tag("smart-lamp", "v1.0.0"))),
			release.Upload{Data: lamp("v1.0.1")}, "", "chip-changed", firmware.Fail, "is for ESP8266"},
		"other chip, confirmed": {had("v1.0.0", firmwaretest.ESP32App(firmwaretest.ESP32, firmwaretest.Tag("smart-lamp", "v1.0.0"))),
			release.Upload{Data: lamp("v1.0.1"), Accept: []string{"chip-changed"}}, "smart-lamp v1.0.1", "chip-changed", firmware.Warn, ""},
		"signed before": {had("v1.0.0", lamp("v1.0.0"), signed), release.Upload{Data: lamp("v1.0.1")}, "", "signed-before-unsigned-now", firmware.Fail, "ESP8266 RSA"},
		"signed before, confirmed": {had("v1.0.0", lamp("v1.0.0"), signed), release.Upload{Data: lamp("v1.0.1"), Accept: []string{"signed-before-unsigned-now"}},
			"smart-lamp v1.0.1", "signed-before-unsigned-now", firmware.Warn, ""},
		"other flash size": {had("v1.0.0", lamp("v1.0.0"), func(i *firmware.Inspection) { i.FlashSize = "1MB" }),
			release.Upload{Data: lamp("v1.0.1")}, "smart-lamp v1.0.1", "flash-size-changed", firmware.Warn, "1MB"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &release.Publisher{Store: row.store, MaxSize: 16 << 20, Keep: 10}
			a, err := p.Assess(context.Background(), &row.upload)
			if err != nil {
				t.Fatal(err)
			}
			checkOutcome(t, p, row.store, a, row.as, row.says)
			if row.code != "" {
				checkFinding(t, a, row.code, row.status, row.says)
			}
		})
	}
}

func checkOutcome(t *testing.T, p *release.Publisher, s *store, a *release.Assessment, as, says string) {
	t.Helper()
	err := p.Publish(context.Background(), a, "a@example.com", "")
	if as == "" {
		if a.Refusal == nil || err == nil || s.published != nil || !strings.Contains(a.Refusal.Message, says) {
			t.Errorf("not refused with %q: %v, %v", says, a.Refusal, err)
		}
		return
	}
	if a.Refusal != nil || err != nil {
		t.Fatalf("refused: %v, %v", a.Refusal, err)
	}
	if got := s.published.Platform + " " + s.published.Version.String(); got != as {
		t.Errorf("published as %s; want %s", got, as)
	}
}

func checkFinding(t *testing.T, a *release.Assessment, code string, status firmware.Status, says string) {
	t.Helper()
	for _, f := range a.Inspection.Findings {
		if f.Code == code {
			said := f.Detail
			if a.Refusal != nil {
				said += a.Refusal.Message
			}
			if f.Status != status || !strings.Contains(said, says) {
				t.Errorf("%+v", f)
			}
			return
		}
	}
	t.Errorf("no finding %s in %+v", code, a.Inspection.Findings)
}

// TestFit applies the rules of the boards' updaters to what devices reported.
func TestFit(t *testing.T) {
	esp32 := firmwaretest.ESP32App(firmwaretest.ESP32, firmwaretest.Tag("smart-lamp", "v1"))
	for name, row := range map[string]struct {
		data   []byte
		room   release.Room
		status firmware.Status
		says   string
	}{
		"ESP8266 with room":            {lamp("v1"), release.Room{Family: firmware.ESP8266, FreeSpace: 8192, ChipSize: 16 << 20}, firmware.Pass, "All 3 devices"},
		"ESP8266 a sector short":       {lamp("v1"), release.Room{Family: firmware.ESP8266, FreeSpace: 4096}, firmware.Warn, "4.0 KiB free"},
		"ESP8266 with a smaller flash": {lamp("v1"), release.Room{Family: firmware.ESP8266, FreeSpace: 1 << 20, ChipSize: 1 << 19}, firmware.Warn, "its flash has 512 KiB"},
		"ESP8266, compressed":          {firmwaretest.Gzip(lamp("v1")), release.Room{Family: firmware.ESP8266, FreeSpace: 8192, SketchSize: 8192, Inflates: true}, firmware.Pass, ""},
		"ESP8266, no room to unpack":   {firmwaretest.Gzip(lamp("v1")), release.Room{Family: firmware.ESP8266, FreeSpace: 4096, SketchSize: 1, Inflates: true}, firmware.Warn, "no room to unpack it"},
		"ESP8266, cannot unpack":       {firmwaretest.Gzip(lamp("v1")), release.Room{Family: firmware.ESP8266, FreeSpace: 8192, SketchSize: 8192}, firmware.Warn, "not known to unpack images"},
		"ESP8266, packed": {lamp("v1"), release.Room{Family: firmware.ESP8266, FreeSpace: 4096, SketchSize: 8192, ChipSize: 4 << 20, Inflates: true},
			firmware.Pass, "All 3 devices that said how much room they have can take it. 3 of 3 get it compressed, since it would not fit otherwise."},
		"ESP8266, an old core": {lamp("v1"), release.Room{Family: firmware.ESP8266, FreeSpace: 4096, SketchSize: 8192, ChipSize: 4 << 20}, firmware.Warn, "4.0 KiB free"},
		"ESP8266, signed": {append(lamp("v1"), append(make([]byte, 256), 0, 1, 0, 0)...),
			release.Room{Family: firmware.ESP8266, FreeSpace: 4096, SketchSize: 8192, ChipSize: 4 << 20, Inflates: true}, firmware.Warn, "4.0 KiB free"},
		"ESP32 with room":    {esp32, release.Room{Family: firmware.ESP32, FreeSpace: int64(len(esp32))}, firmware.Pass, ""},
		"ESP32 a byte short": {esp32, release.Room{Family: firmware.ESP32, FreeSpace: int64(len(esp32)) - 1}, firmware.Warn, "its update partition has"},
		"the other family":   {esp32, release.Room{Family: firmware.ESP8266, FreeSpace: 1 << 20}, "", ""},
		"nothing said":       {esp32, release.Room{Family: firmware.ESP32}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			row.room.Devices, row.room.Example = 3, "18fe34aabbcc"
			p := &release.Publisher{Store: &store{room: []release.Room{row.room}}, MaxSize: 16 << 20}
			a, err := p.Assess(context.Background(), &release.Upload{Data: row.data})
			if err != nil || a.Refusal != nil {
				t.Fatal(err, a.Refusal)
			}
			for _, f := range a.Inspection.Findings {
				if f.Code == "fit" {
					if f.Status != row.status || !strings.Contains(f.Detail, row.says) {
						t.Errorf("%+v", f)
					}
					return
				}
			}
			if row.status != "" {
				t.Error("nothing is said of the fit")
			}
		})
	}
}

// TestOtherFamily tells boards that refuse a file for its chip from boards that
// have no room for it: nobody can make a file small enough for another chip.
func TestOtherFamily(t *testing.T) {
	esp32 := firmwaretest.ESP32App(firmwaretest.ESP32, firmwaretest.Tag("smart-lamp", "v1"))
	others := release.Room{Family: firmware.ESP8266, FreeSpace: 1 << 20, Devices: 20}
	full := release.Room{Family: firmware.ESP32, FreeSpace: 1, Devices: 2}
	with := release.Room{Family: firmware.ESP32, FreeSpace: 1 << 20, Devices: 3}
	const refuse = "20 devices of smart-lamp are ESP8266 and refuse this file."
	for name, row := range map[string]struct {
		rooms   []release.Room
		refuse  string // "" when no board is of the other family
		fit     string // how the finding on room begins; "" for none
		smaller bool   // whether to make it smaller is advised
	}{
		"all":            {[]release.Room{others}, refuse, "", false},
		"that say less":  {[]release.Room{{Family: firmware.ESP8266, Devices: 1}}, "1 device of smart-lamp is an ESP8266 and refuses this file.", "", false},
		"some":           {[]release.Room{others, with}, refuse, "All 3 other devices", false},
		"beside no room": {[]release.Room{others, full, with}, refuse, "2 of 5 devices cannot take it", true},
		"none":           {[]release.Room{full}, "", "2 of 2 devices cannot take it", true},
	} {
		t.Run(name, func(t *testing.T) {
			p := &release.Publisher{Store: &store{room: row.rooms}, MaxSize: 16 << 20}
			a, err := p.Assess(context.Background(), &release.Upload{Data: esp32})
			if err != nil || a.Refusal != nil {
				t.Fatal(err, a.Refusal)
			}
			said := map[string]firmware.Finding{}
			for _, f := range a.Inspection.Findings {
				said[f.Code] = f
			}
			if f := said["other-family"]; f.Detail != row.refuse || strings.Contains(f.Fix, "smaller") || row.refuse != "" && f.Status != firmware.Warn {
				t.Errorf("of the family: %+v", f)
			}
			if f := said["fit"]; !strings.HasPrefix(f.Detail, row.fit) || (row.fit == "") != (f.Code == "") || strings.Contains(f.Fix, "smaller") != row.smaller {
				t.Errorf("of the room: %+v", f)
			}
		})
	}
}
