package original_test

import (
	"reflect"
	"strings"
	"testing"

	"esp-update-server/app/original"
)

// platformsYAML is as PyYAML writes it, with the MACs that other readers of YAML
// take for numbers.
const platformsYAML = `chase:
  downloads: 3
  file: chase_1_0_3.bin
  uploaded: '2020-01-02'
  version: 1.0.3
  whitelist:
  - a4cf12b3c4d5
  - 1234e5678901
  - '012345670123'
'on':
  downloads: 0
  file: null
  uploaded: null
  version: null
  whitelist: null
`

func TestReadYAML(t *testing.T) {
	in, err := original.ReadYAML([]byte(platformsYAML))
	if err != nil {
		t.Fatal(err)
	}
	want := &original.Installation{
		Platforms: []original.Platform{
			{Number: 1, Name: "chase", Version: "1.0.3", File: "chase_1_0_3.bin", Uploaded: "2020-01-02", Downloads: 3},
			{Number: 2, Name: "on"},
		},
		Devices: []original.Device{{MAC: "a4cf12b3c4d5", Platform: 1}, {MAC: "1234e5678901", Platform: 1}, {MAC: "012345670123", Platform: 1}},
	}
	if !reflect.DeepEqual(in, want) {
		t.Errorf("%+v\nwant %+v", in, want)
	}
	for _, nothing := range []string{"", "\n", "{}\n", "null\n", "# empty\n"} {
		if in, err := original.ReadYAML([]byte(nothing)); err != nil || len(in.Platforms) != 0 {
			t.Errorf("%q: %+v, %v", nothing, in, err)
		}
	}
}

func TestReadYAMLRefuses(t *testing.T) {
	deep := strings.Repeat("[", 100_000)
	bomb := "a: &a {whitelist: [" + strings.Repeat("x,", 300_000) + "x]}\nb: *a\n"
	for what, text := range map[string]string{
		"no YAML": "chase: [", "a text": "hello", "a list": "- a\n- b\n", "a name of its own form": "? [a, b]\n: {version: 1.0.0}\n",
		"a platform that is a text": "chase: 1.0.3\n", "nested without end": deep, "too many devices": bomb, "a binary file": "\x7fELF\x00\x00",
		"too large": strings.Repeat("#", original.MaxYAML+1),
	} {
		if in, err := original.ReadYAML([]byte(text)); err == nil || len(err.Error()) < 20 || len(err.Error()) > 500 {
			t.Errorf("%s: %d platforms, %v", what, len(in.Platforms), err)
		}
	}
}

func FuzzReadYAML(f *testing.F) {
	for _, seed := range []string{platformsYAML, "", "a: &x {whitelist: [1, 2]}\nb: *x\n", "a: {version: !!binary aGk=, downloads: 1e9}\n", "&a a: {whitelist: *a}\n", "- x", "{}: {}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := original.ReadYAML(data)
		if err != nil {
			return
		}
		if in.Check() != nil {
			t.Error("more than is taken over")
		}
		for _, p := range in.Platforms {
			if max(len(p.Name), len(p.Version), len(p.File), len(p.Uploaded)) > original.MaxText {
				t.Error("a longer text than is taken over")
			}
		}
		for _, d := range in.Devices {
			if d.Platform < 1 || d.Platform > int64(len(in.Platforms)) || len(d.MAC) > original.MaxText {
				t.Errorf("%+v", d)
			}
		}
	})
}
