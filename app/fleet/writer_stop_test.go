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
	said := time.Now()
	d.hears("00000000000a", "v1") // which is to be kept as heard
	d.AddDownload(fleet.Download{MAC: "00000000000a", Version: "v1"})
	time.AfterFunc(700*time.Millisecond, func() { d.away(nil) })
	d.closes(t)
	if len(d.heard) == 0 || len(d.taken) == 0 || d.seen("00000000000a").Before(said.Truncate(time.Microsecond)) || strings.Contains(d.log.String(), "before the end") {
		t.Errorf("%d check-ins and %d downloads are kept, and that it was heard at %v: %s", len(d.heard), len(d.taken), d.seen("00000000000a"), d.log)
	}
}
