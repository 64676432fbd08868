package fleet_test

import (
	"fmt"
	"strings"
	"testing"

	"esp-update-server/app/fleet"
)

func TestParseImport(t *testing.T) {
	for in, want := range map[string]string{
		"a4cf12b3c401": "1 a4cf12b3c401 lamp []",
		"A4:CF:12:B3:C4:01\r\n\na4-cf-12-b3-c4-02\n":           "1 a4cf12b3c401 lamp [], 3 a4cf12b3c402 lamp []",
		"a4cf12b3c401 a4cf.12b3.c402,a4cf12b3c403":             "1 a4cf12b3c401 lamp [], 1 a4cf12b3c402 lamp [], 1 a4cf12b3c403 lamp []",
		"a4cf12b3c401; a4cf12b3c402;":                          "1 a4cf12b3c401 lamp [], 1 a4cf12b3c402 lamp []",
		"a4cf12b3c401,Door_Sensor,Room 1":                      "1 a4cf12b3c401 door-sensor [Room 1]",
		"a4cf12b3c401,,Room 1":                                 "1 a4cf12b3c401 lamp [Room 1]",
		"a4cf12b3c401\tplug\tRoom 1":                           "1 a4cf12b3c401 plug [Room 1]",
		"MAC;Notes;Platform\na4cf12b3c401;\"Room; 1\";plug":    "2 a4cf12b3c401 plug [Room; 1]",
		"\ufeffmac,platform,notes\na4cf12b3c401,plug,'=1+1":    "2 a4cf12b3c401 plug [=1+1]",
		"\n \nplatform,mac\nplug,a4cf12b3c401":                 "4 a4cf12b3c401 plug []",
		"mac,platform,notes\na4cf12b3c401,plug,\"two\nlines\"": "2 a4cf12b3c401 plug [two\nlines]",
		"nonsense":                  "1 !",
		"a4cf12b3c40\na4cf12b3c401": "1 !, 2 a4cf12b3c401 lamp []",
		"a4cf12b3c401 smart-lamp":   "1 a4cf12b3c401 lamp [], 1 !",
		"a4cf12b3c401,plug," + strings.Repeat("x", 2001): "1 !",
		"a4cf12b3c401,plug,\"broken":                     "1 a4cf12b3c401 plug [broken]",
	} {
		lines, err := fleet.ParseImport(in, "lamp")
		if err != nil {
			t.Errorf("%q: %v", in, err)
		}
		var got []string
		for _, l := range lines {
			if l.Problem != "" {
				got = append(got, fmt.Sprintf("%d !", l.Number))
				continue
			}
			got = append(got, fmt.Sprintf("%d %s %s [%s]", l.Number, string(l.MAC), l.Platform, l.Notes))
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%q reads as %q, want %q", in, s, want)
		}
	}
	for _, in := range []string{"", " \n\n", strings.Repeat("a4cf12b3c401\n", fleet.MaxImport+1)} {
		if _, err := fleet.ParseImport(in, "lamp"); err == nil {
			t.Errorf("%.20q is read", in)
		}
	}
	if lines, err := fleet.ParseImport("a4cf12b3c401", ""); err != nil || lines[0].Problem == "" {
		t.Errorf("a line without a platform: %+v, %v", lines, err)
	}
}

func TestPlanImport(t *testing.T) {
	lines, err := fleet.ParseImport("000000000001\n000000000002\n000000000003\n000000000004,,new notes\n000000000005\n000000000001\n000000000006,gone", "lamp")
	if err != nil {
		t.Fatal(err)
	}
	known := []fleet.Device{
		{MAC: "000000000002"}, {MAC: "000000000003", Platform: "plug"}, {MAC: "000000000004", Platform: "lamp"}, {MAC: "000000000005", Platform: "lamp"},
	}
	fleet.PlanImport(lines, known, []string{"lamp", "plug"})
	for i, want := range []fleet.ImportAction{fleet.ImportAdd, fleet.ImportPermit, fleet.ImportMove, fleet.ImportNotes, fleet.ImportKeep, "", ""} {
		if lines[i].Action != want || (want == "") != (lines[i].Problem != "") {
			t.Errorf("line %d: %+v, want %q", i+1, lines[i], want)
		}
	}
	if lines[2].From != "plug" || lines[5].Problem != "It is on line 1 already." || lines[6].Problem != "There is no platform gone." {
		t.Errorf("%+v", lines)
	}
}

func FuzzParseImport(f *testing.F) {
	for _, s := range []string{"a4cf12b3c401", "mac,notes\na4cf12b3c401,\"x", "\xff,;\t\"", "a;\"\n\"b", "000000000000,\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		lines, err := fleet.ParseImport(s, "lamp")
		if err == nil && len(lines) == 0 {
			t.Error("neither lines nor an error")
		}
		for _, l := range lines {
			if len(l.Text) > fleet.MaxReported || len(l.Platform) > fleet.MaxReported || (l.Problem == "") != (l.MAC != "" && l.Platform != "") && l.Problem == "" {
				t.Errorf("%+v", l)
			}
		}
	})
}

func TestMACFragment(t *testing.T) {
	for in, want := range map[string]string{
		"aa:bb:cc": "aabbcc", "AA-B": "aab", "b:cc:d": "bccd", "aabb.cc": "aabbcc", ":aa": "aa", "aa:": "aa",
		"aabb": "", "1.0.2": "1.0.2"[:0], "10.0.0.1": "", "-": "", "smart-lamp": "", "::": "", "2001:db8::1": "", "fe80::1": "",
	} {
		if got := fleet.MACFragment(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
