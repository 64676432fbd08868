package firmware_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"esp-update-server/app/firmware"
	"esp-update-server/app/version"
)

func inspect(data []byte) *firmware.Inspection { return firmware.Inspect(data, firmware.Options{}) }

// find returns the finding with a code, or nil.
func find(i *firmware.Inspection, code string) *firmware.Finding {
	for n := range i.Findings {
		if i.Findings[n].Code == code {
			return &i.Findings[n]
		}
	}
	return nil
}

// expect wants a finding of a status; part must occur in its detail.
func expect(t *testing.T, i *firmware.Inspection, status firmware.Status, code, part string) {
	t.Helper()
	f := find(i, code)
	switch {
	case f == nil:
		t.Errorf("%s: no finding %s in %s", i.File, code, codes(i))
	case f.Status != status:
		t.Errorf("%s: finding %s is a %s: %s", i.File, code, f.Status, f.Detail)
	case !strings.Contains(f.Detail, part):
		t.Errorf("%s: finding %s says %q; want %q in it", i.File, code, f.Detail, part)
	}
}

func codes(i *firmware.Inspection) (out []string) {
	for _, f := range i.Findings {
		out = append(out, string(f.Status)+" "+f.Code)
	}
	return out
}

// sound checks what holds for the inspection of any bytes whatever.
func sound(t *testing.T, data []byte, i *firmware.Inspection) {
	t.Helper()
	if i.Size != int64(len(data)) || len(i.MD5) != 32 || len(i.SHA256) != 64 || i.Chip == "" || i.Kind == "" {
		t.Errorf("size, digests, kind or chip are not filled in: %+v", i)
	}
	if i.Sendable && i.Kind != firmware.Application {
		t.Errorf("a %s is sendable", i.Kind)
	}
	if i.Publishable != (i.Refusal() == "") {
		t.Errorf("publishable is %v, and the refusal is %q", i.Publishable, i.Refusal())
	}
	if _, err := version.Parse(i.Version); i.Publishable && (!i.Sendable || i.Platform == "" || err != nil) {
		t.Errorf("publishable with platform %q, version %q", i.Platform, i.Version)
	}
	for _, f := range i.Findings {
		if f.Code == "" || f.Title == "" || f.Detail == "" || (f.Fix == "") != (f.Status == firmware.Pass) || len(f.Detail) > 1000 {
			t.Errorf("finding is not whole: %+v", f)
		}
		if strings.IndexFunc(f.Detail, func(r rune) bool { return r < ' ' }) >= 0 {
			t.Errorf("finding with control characters: %q", f.Detail)
		}
	}
	for _, s := range i.Segments {
		if !i.Compressed && (s.Offset < 0 || s.Size < 0 || s.Offset+s.Size > len(data)) {
			t.Errorf("segment outside of the file: %+v", s)
		}
	}
	if len(i.Findings) > 64 || len(i.Segments) > 32 || len(i.PlatformCandidates) > 8 || len(i.VersionCandidates) > 8 {
		t.Errorf("%d findings, %d segments", len(i.Findings), len(i.Segments))
	}
	text, err := json.Marshal(i)
	if err != nil || strings.Contains(string(text), `"segments":null`) || strings.Contains(string(text), `"findings":null`) {
		t.Errorf("JSON: %v %s", err, text)
	}
}

func has(list []string, s string) bool { return slices.Contains(list, s) }
