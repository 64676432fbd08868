package version_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"esp-update-server/app/version"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"v1.0.2": "v1.0.2", "1.0.2": "v1.0.2", "V1.0.2": "v1.0.2",
		"1": "v1.0.0", "1.2": "v1.2.0", "v0.0.0": "v0.0.0",
		"1.2.3-rc.1": "v1.2.3-rc.1", "1.2.3+b5": "v1.2.3+b5", "v1.2.3-a-b+c.d": "v1.2.3-a-b+c.d",
	} {
		v, err := version.Parse(in)
		if err != nil || v.String() != want {
			t.Errorf("Parse(%q) = %q, %v; want %q", in, v, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for in, reason := range map[string]string{
		"":                              "missing",
		"v01.0.2":                       "leading zero",
		"1.02.3":                        "leading zero",
		"1.2.3.4":                       "4 parts",
		"192.168.4.1":                   "4 parts",
		"dev":                           "not semantic",
		"2021-11-11b":                   "not semantic",
		"1.2-rc1":                       "not semantic",
		"v1.2.3-":                       "not semantic",
		"v1.2.3-01":                     "not semantic",
		"v1.2.3 ":                       "not semantic",
		"%s":                            "not semantic",
		"v1." + strings.Repeat("1", 70): "longer than 64",
	} {
		_, err := version.Parse(in)
		if err == nil {
			t.Errorf("Parse(%q) was accepted", in)
			continue
		}
		if !strings.Contains(err.Error(), reason) {
			t.Errorf("Parse(%q) says %q; want %q in it", in, err, reason)
		}
	}
}

func TestParseLenient(t *testing.T) {
	for in, want := range map[string]string{
		"v01.002.0003": "v1.2.3", "v1.0.9-rc.01": "v1.0.9-rc.1", "1.0.9-00.010.0a.01-b": "v1.0.9-0.10.0a.01-b", "1.0.2": "v1.0.2", "000": "v0.0.0", "dev": "dev", "": "",
		"<script>": "<script>", "2021-11-11b": "2021-11-11b", "\xff": "�",
	} {
		if got := version.ParseLenient(in).String(); got != want {
			t.Errorf("ParseLenient(%q) = %q; want %q", in, got, want)
		}
	}
	for _, long := range []string{strings.Repeat("x", 100), strings.Repeat("\xff", 100), strings.Repeat("a\xff\x00é", 30)} {
		got := version.ParseLenient(long).String()
		if got == "" || len(got) > version.MaxLength || !utf8.ValidString(got) {
			t.Errorf("a long version is kept as %q, %d bytes", got, len(got))
		}
		if again := version.ParseLenient(got).String(); again != got {
			t.Errorf("%q is read as %q the next time", got, again)
		}
	}
}

// ascending is the order of semver.org with what boards send before it.
var ascending = []string{
	"dev", "v0.0.0-0", "v0.0.0", "v0.9.10", "v1.0.0-1", "v1.0.0-2", "v1.0.0-10", "v1.0.0-a", "v1.0.0-alpha", "v1.0.0-alpha.1",
	"v1.0.0-alpha.beta", "v1.0.0-alpha-b", "v1.0.0-beta", "v1.0.0-beta.2", "v1.0.0-beta.11", "v1.0.0-rc.1",
	"v1.0.0", "v1.0.1", "v1.0.9", "v1.0.10", "v1.9.0", "v1.10.0", "v2.0.0", "v10.0.0", "v99999999999999999999.0.0",
}

func TestOrder(t *testing.T) {
	for i, low := range ascending {
		for j, high := range ascending {
			a, b := version.ParseLenient(low), version.ParseLenient(high)
			if got, want := sign(a.Compare(b)), sign(i-j); got != want {
				t.Errorf("Compare(%s, %s) = %d; want %d", low, high, got, want)
			}
			if got, want := sign(strings.Compare(a.Key(), b.Key())), sign(i-j); got != want {
				t.Errorf("the keys of %s and %s compare as %d; want %d", low, high, got, want)
			}
		}
	}
}

func TestBuildMetadataIsEqual(t *testing.T) {
	a, b := version.ParseLenient("v1.0.2+b5"), version.ParseLenient("v1.0.2")
	if a.Compare(b) != 0 || a.Key() != b.Key() {
		t.Error("versions that differ in build metadata alone must be equal")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range append(ascending, "1.2.3-"+strings.Repeat("a", 58), strings.Repeat("9", 64), "v1-0", "1.2.3.4", "v1.0.2+b5", "", "\x00") {
		f.Add(s, "v1.0.0")
	}
	f.Fuzz(func(t *testing.T, s, w string) {
		a, b := version.ParseLenient(s), version.ParseLenient(w)
		if sign(a.Compare(b)) != sign(strings.Compare(a.Key(), b.Key())) {
			t.Errorf("Compare and Key differ on %q and %q", s, w)
		}
		if v, err := version.Parse(s); err == nil {
			if kept := version.ParseLenient(v.String()); kept != v {
				t.Errorf("%q reads as %q, and is kept as %q", s, v, kept)
			}
			if again, err := version.Parse(v.String()); err != nil || again != v {
				t.Errorf("%q reads as %q, which reads as %q, %v", s, v, again, err)
			}
		}
	})
}

func sign(n int) int {
	return max(-1, min(1, n))
}
