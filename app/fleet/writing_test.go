package fleet_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/fleet"
)

// TestTheEndLosesNothing holds that all that is in memory is written at a stop:
// news, downloads, and when devices were heard that said nothing new.
func TestTheEndLosesNothing(t *testing.T) {
	d := newDesk()
	d.Start(deaf{})
	d.hears("00000000000a", "v1")
	d.Flush(t.Context())
	start := time.Now()
	d.hears("00000000000a", "v1")
	d.hears("00000000000b", "v1")
	d.AddDownload(fleet.Download{MAC: "00000000000a"})
	d.closes(t)
	if seen := d.seen("00000000000a"); len(d.heard) != 2 || len(d.taken) != 1 || seen.Before(start.Truncate(time.Microsecond)) {
		t.Errorf("%d heard, %d taken, seen %v", len(d.heard), len(d.taken), seen)
	}
}

// hung is a journal that says nothing.
type hung struct{ *paper }

func (hung) Record(context.Context, []fleet.Heard) ([]fleet.Happening, error) { select {} }

// TestTheEndDoesNotWaitForEver holds that a stop is over in time, and that it says
// what it leaves.
func TestTheEndDoesNotWaitForEver(t *testing.T) {
	d := newDesk()
	d.Writer = fleet.NewWriter(d.index, hung{d.paper}, slog.New(slog.NewTextHandler(d.log, nil)))
	d.Start(deaf{})
	d.hears("00000000000a", "v1")
	for d.Waiting() > 0 {
		time.Sleep(time.Millisecond)
	}
	d.hears("00000000000b", "v1")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	d.Close(ctx) // although the journal never answers
	if !strings.Contains(d.log.String(), "not all that boards said could be written") {
		t.Errorf("%s", d.log)
	}
}

// TestTheEndKeepsWhenDevicesWereHeard holds that this does not wait behind news
// that are too many.
func TestTheEndKeepsWhenDevicesWereHeard(t *testing.T) {
	d := newDesk()
	d.Start(deaf{})
	d.hears("00000000000a", "v1")
	d.Flush(t.Context())
	d.hears("00000000000a", "v1")
	d.Writer.Close(t.Context()) // so that nothing is written beside
	late := fleet.NewWriter(d.index, hung{d.paper}, slog.New(slog.DiscardHandler))
	d.kept = map[int][]fleet.Seen{}
	d.hears("00000000000a", "v1")
	late.Add(&fleet.Heard{CheckIn: fleet.CheckIn{MAC: "00000000000b", At: time.Now()}})
	ended := make(chan struct{})
	go func() { late.Close(t.Context()); close(ended) }() // hangs at the news
	for late := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		d.mu.Lock()
		kept := len(d.kept)
		d.mu.Unlock()
		if kept > 0 {
			return
		}
		if time.Now().After(late) {
			t.Fatal("when the device was heard is lost")
		}
	}
}
