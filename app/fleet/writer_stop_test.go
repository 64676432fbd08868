package fleet_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/fleet"
)

// TestAStopWaitsForTheDatabase holds that what is left at a stop is written when
// the database comes back in time.
func TestAStopWaitsForTheDatabase(t *testing.T) {
	d := newDesk()
	d.away(errors.New("gone fishing"))
	d.Start(deaf{})
	d.hears("00000000000a", "v1")
	d.hears("00000000000a", "v1") // which is to be kept as heard
	d.AddDownload(fleet.Download{MAC: "00000000000a", Version: "v1"})
	time.AfterFunc(700*time.Millisecond, func() { d.away(nil) })
	d.closes(t)
	if len(d.heard) == 0 || len(d.taken) == 0 || len(d.kept) == 0 || strings.Contains(d.log.String(), "before the end") {
		t.Errorf("%d check-ins, %d downloads and %d parts are kept: %s", len(d.heard), len(d.taken), len(d.kept), d.log)
	}
}
