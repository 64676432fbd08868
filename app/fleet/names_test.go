package fleet_test

import (
	"strings"
	"testing"
	"unicode/utf8"
	"unsafe"

	"esp-update-server/app/fleet"
)

func TestParseMAC(t *testing.T) {
	for _, s := range []string{"AA:BB:CC:DD:EE:FF", "aa-bb-cc-dd-ee-ff", "aabb.ccdd.eeff", "AABBCCDDEEFF", " aa:bb:cc:dd:ee:ff\t"} {
		if mac, err := fleet.ParseMAC(s); err != nil || mac != "aabbccddeeff" || mac.String() != "AA:BB:CC:DD:EE:FF" {
			t.Errorf("%q reads as %q, %v", s, mac, err)
		}
	}
	for _, s := range []string{"", "AA:BB:CC:DD:EE", "AA:BB:CC:DD:EE:GG", "AA:BB-CC:DD:EE:FF", "A:AB:BC:CD:DE:EF:F", "aabb.ccdd-eeff", "aabbccddeef[", strings.Repeat("a", 4096), "\xff\xfe"} {
		if mac, err := fleet.ParseMAC(s); err == nil {
			t.Errorf("%q reads as %q", s, mac)
		}
	}
}

// TestMACOutlivesItsText holds that a MAC can be kept, whoever writes over the
// buffer that it was read from.
func TestMACOutlivesItsText(t *testing.T) {
	buffer := []byte("aabbccddeeff")
	mac, err := fleet.ParseMAC(unsafe.String(&buffer[0], len(buffer))) // as Fiber hands out what a request says
	copy(buffer, "000000000000")
	if err != nil || mac != "aabbccddeeff" {
		t.Errorf("%q, %v", mac, err)
	}
}

func TestParsePlatformName(t *testing.T) {
	for in, want := range map[string]string{"smart-lamp": "smart-lamp", "Smart-Lamp": "smart-lamp", "7": "7", " x ": "x", strings.Repeat("a", 64): strings.Repeat("a", 64)} {
		if got, err := fleet.ParsePlatformName(in); err != nil || got != want {
			t.Errorf("%q reads as %q, %v", in, got, err)
		}
	}
	for in, says := range map[string]string{
		"": "needs a name", "smart_lamp": "name it smart-lamp", "SMART_LAMP": "name it smart-lamp", "-lamp": "starting with",
		"lämp": "letters a to z", "a b": "letters a to z", strings.Repeat("a", 65): "has 65", "_": "letters a to z", "<script>": "letters a to z", "New": "cannot be named new",
	} {
		if _, err := fleet.ParsePlatformName(in); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v; want %q", in, err, says)
		}
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"AA:BB:CC:DD:EE:FF", "aabb.ccdd.eeff", "smart_lamp", "\xff", "", "a\x00b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if mac, err := fleet.ParseMAC(s); err == nil {
			if again, err := fleet.ParseMAC(mac.String()); err != nil || again != mac {
				t.Errorf("%q reads as %q, which reads as %q", s, mac, again)
			}
		} else if len(err.Error()) > 500 {
			t.Errorf("a long sentence: %q", err)
		}
		if name, err := fleet.ParsePlatformName(s); err == nil {
			if folded, ok := fleet.DevicePlatformName(name); !ok || folded != name {
				t.Errorf("%q is no name for a device", name)
			}
		}
		if cut := fleet.Cut(s, 64); len(cut) > 64 || !utf8.ValidString(cut) || strings.Contains(cut, "\x00") {
			t.Errorf("%q", cut)
		}
	})
}
