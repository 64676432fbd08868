package release_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"esp-update-server/app/firmware"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/app/release"
)

// c3 is an application for the ESP32-C3.
func c3(v string) []byte {
	return firmwaretest.ESP32App(firmwaretest.ESP32C3, firmwaretest.Tag("smart-lamp", v))
}

// TestAssessMerged: a merged file is kept beside the release that is in it, or
// published with the application in it, or it is said what to do.
func TestAssessMerged(t *testing.T) {
	with := func(merged string) *store { // each case has one of its own, since it keeps what was added
		s := had("v1.0.2", c3("v1.0.2"))
		s.before[0].Images[0].Merged = &release.Merged{SHA256: merged}
		return s
	}
	whole := firmwaretest.Merged(c3("v1.0.2"))
	padded := append(whole[:len(whole):len(whole)], 0xFF)
	i := firmware.Inspect(whole, firmware.Options{})
	untold := firmwaretest.ESP32App(firmwaretest.ESP32C3, "nothing")
	dump := bytes.Clone(whole)
	copy(dump[0x9000:], "\xfe\xff\xff\xffpassword")
	for name, row := range map[string]struct {
		store  *store
		upload release.Upload
		as     string // "added v1.0.2", "published v1.0.2", or "" when refused
		says   string // in the refusal, or a finding
	}{
		"beside the release in it":       {had("v1.0.2", c3("v1.0.2")), release.Upload{Data: whole}, "added v1.0.2", "v1.0.2 of smart-lamp, byte for byte"},
		"of the release before":          {&store{top: "v2.0.0", before: had("v1.0.2", c3("v1.0.2")).before}, release.Upload{Data: whole}, "added v1.0.2", ""},
		"in place of another":            {with("other"), release.Upload{Data: whole}, "added v1.0.2", "takes the place"},
		"once more":                      {with(i.SHA256), release.Upload{Data: whole}, "", "This very file is kept"},
		"the same, padded":               {with(i.SHA256), release.Upload{Data: padded}, "added v1.0.2", "takes the place"},
		"with settings of a board":       {had("v1.0.2", c3("v1.0.2")), release.Upload{Data: dump}, "added v1.0.2", "Partition nvs of the file has stored settings"},
		"published with it":              {had("v1.0.1", c3("v1.0.1")), release.Upload{Data: whole}, "published v1.0.2", "higher than v1.0.1"},
		"the first release":              {&store{}, release.Upload{Data: whole}, "published v1.0.2", "first release"},
		"one version, other bytes":       {had("v1.0.2", append(c3("v1.0.2"), 0xFF)), release.Upload{Data: whole}, "", "Or send the merged file of the very build"},
		"lower":                          {had("v1.0.3", c3("v1.0.3")), release.Upload{Data: whole}, "", "v1.0.2 is not higher than v1.0.3"},
		"no such platform":               {&store{}, release.Upload{Data: firmwaretest.Merged(firmwaretest.ESP32App(firmwaretest.ESP32C3, firmwaretest.Tag("toaster", "v1")))}, "", "no platform toaster"},
		"without a word of its platform": {had("v1.0.2", untold), release.Upload{Data: firmwaretest.Merged(untold)}, "", "never get another one"},
		"for which a person vouches": {had("v1.0.2", untold), release.Upload{Data: firmwaretest.Merged(untold), Platform: "smart-lamp", Version: "v1.0.2", Accept: []string{"tag-missing"}},
			"added v1.0.2", "byte for byte"},
		"for another chip":      {had("v1.0.1", lamp("v1.0.1")), release.Upload{Data: whole}, "", "is for ESP32-C3"},
		"no merged file":        {&store{}, release.Upload{Data: c3("v1.0.2")}, "", "not a merged file"},
		"the ESP8266":           {&store{}, release.Upload{Data: lamp("v1.0.2")}, "", "all that a blank ESP8266 needs"},
		"without boot loader":   {&store{}, release.Upload{Data: whole[0x8000:]}, "", "no boot loader for ESP32-C3"},
		"cut off":               {&store{}, release.Upload{Data: whole[:len(whole)-1000]}, "", "no whole application"},
		"damaged in the middle": {&store{}, release.Upload{Data: bytes.Replace(whole, []byte("update?dev="), []byte("updatf?dev="), 1)}, "", "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			row.upload.Install = true
			p := &release.Publisher{Store: row.store, MaxSize: 16 << 20, Keep: 10}
			a, err := p.Assess(context.Background(), &row.upload)
			if err != nil {
				t.Fatal(err)
			}
			err = p.Publish(context.Background(), a, "a@example.com", "d1")
			if got := done(t, row.store, row.upload.Data); got != row.as || (err == nil) != (row.as != "") {
				t.Errorf("%q, %v; want %q", got, err, row.as)
			}
			if said := told(a); !strings.Contains(said, row.says) {
				t.Errorf("%q is not in %s", row.says, said)
			}
		})
	}
}

// done is what was kept of a merged file.
func done(t *testing.T, s *store, whole []byte) string {
	t.Helper()
	switch {
	case s.added != nil:
		if !bytes.Equal(s.added.Data, whole) || s.added.Image != s.added.Release.Images[0].SHA256 || s.added.Draft != "d1" || s.added.Merged.Size != int64(len(whole)) {
			t.Errorf("%d bytes for %s, from draft %q, of image %s", len(s.added.Data), s.added.Release.Version, s.added.Draft, s.added.Image)
		}
		return "added " + s.added.Release.Version.String()
	case s.published != nil:
		m := s.published.Image.Merged
		if m == nil || !bytes.Equal(s.published.Merged, whole) || len(s.published.Data) >= len(whole) || m.MD5 != firmware.Inspect(whole, firmware.Options{}).MD5 || m.SHA256 != firmware.Inspect(whole, firmware.Options{}).SHA256 {
			t.Errorf("%+v", m)
		}
		return "published " + s.published.Version.String()
	}
	return ""
}

// told is all that an assessment says.
func told(a *release.Assessment) string {
	all := ""
	if a.Refusal != nil {
		all = a.Refusal.Message
	}
	for _, f := range a.Inspection.Findings {
		all += " " + f.Detail
	}
	return all
}

// TestOfferedUses: of a merged file that was not meant to be installed it is said
// what it could be used for.
func TestOfferedUses(t *testing.T) {
	whole := firmwaretest.Merged(c3("v1.0.2"))
	for name, row := range map[string]struct {
		data            []byte
		inside, install bool
		why             string
	}{
		"merged":              {whole, true, true, ""},
		"without boot loader": {whole[0x8000:], true, false, "no boot loader"},
		"flash of an ESP8266": {append(append(lamp("v1"), bytes.Repeat([]byte{1}, 1<<19-1-len(lamp("v1")))...), 1), true, false, "all that a blank ESP8266 needs"},
		"an application":      {c3("v1.0.2"), false, false, ""},
		"nothing of use":      {[]byte("<!DOCTYPE html>"), false, false, ""},
	} {
		p := &release.Publisher{Store: &store{}, MaxSize: 16 << 20}
		a, err := p.Assess(context.Background(), &release.Upload{Data: row.data})
		if err != nil || a.Inside != row.inside || a.Install != row.install || !strings.Contains(a.NoInstall, row.why) || (a.NoInstall != "") != (row.why != "") {
			t.Errorf("%s: inside %v, install %v, %q, %v", name, a.Inside, a.Install, a.NoInstall, err)
		}
	}
}
