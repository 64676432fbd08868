package fleet_test

import (
	"strings"
	"testing"

	"esp-update-server/app/fleet"
)

// TestForeignStringsAreNewsOnce holds that what is kept of a check-in tells the
// next one that there is nothing new.
func TestForeignStringsAreNewsOnce(t *testing.T) {
	for _, v := range []string{"v1.0\xffb", "\xff\xfe", strings.Repeat("\xff1", 60), "v1\x00.2", strings.Repeat("é", 60), "1.0.0-" + strings.Repeat("a", 58)} {
		d := newDesk()
		d.Start(deaf{})
		d.hears("00000000000a", v)
		d.Flush(t.Context())
		d.closes(t)
		h := fleet.Heard{CheckIn: fleet.CheckIn{Version: v}}
		kept := fleet.Heard{CheckIn: fleet.CheckIn{Version: d.heard[0].Version}}
		if h.Facts() != kept.Facts() {
			t.Errorf("of %q is kept %q, which is another", v, kept.Version)
		}
	}
}
