package fleet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

// paper is a journal in memory that can be away.
type paper struct {
	mu      sync.Mutex
	err     error
	refused fleet.MAC // which it never takes
	heard   []fleet.Heard
	batches int
	kept    map[int][]fleet.Seen
	settled map[fleet.MAC]time.Time
	taken   []fleet.Download
}

func (p *paper) Record(_ context.Context, list []fleet.Heard) ([]fleet.Happening, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return nil, p.err
	}
	for _, h := range list {
		if h.MAC == p.refused {
			return nil, fault.New(fault.Invalid, "It cannot be kept.")
		}
	}
	p.batches++
	p.heard = append(p.heard, list...)
	return nil, nil
}

func (p *paper) Saw(_ context.Context, part int, list []fleet.Seen) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.kept[part] = slices.Clone(list)
	}
	return p.err
}

func (p *paper) Settle(_ context.Context, list []fleet.Seen) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range list {
		if p.err == nil {
			p.settled[s.MAC] = s.At
		}
	}
	return p.err
}

func (p *paper) CountDownloads(_ context.Context, list []fleet.Download) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken = append(p.taken, list...)
	return p.err
}

func (p *paper) away(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// versions are what devices said, in the order in which it was written.
func (p *paper) versions() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for _, h := range p.heard {
		list = append(list, h.Version)
	}
	return strings.Join(list, " ")
}

// deaf does nothing with what it is told.
type deaf struct{}

func (deaf) Written([]fleet.Heard, []fleet.Happening) {}
func (deaf) Counted([]fleet.Download)                 {}
func (deaf) Touched([]fleet.MAC, bool)                {}

// desk is a writer over paper, with the log that it writes.
type desk struct {
	*fleet.Writer
	*paper
	index *fleet.Index
	log   *bytes.Buffer
}

func newDesk() *desk {
	d := &desk{paper: &paper{kept: map[int][]fleet.Seen{}, settled: map[fleet.MAC]time.Time{}}, index: fleet.NewIndex(), log: &bytes.Buffer{}}
	d.Writer = fleet.NewWriter(d.index, d.paper, slog.New(slog.NewTextHandler(d.log, nil)))
	return d
}

// hears takes a check-in as the device route does.
func (d *desk) hears(mac fleet.MAC, version string) {
	h := fleet.Heard{CheckIn: fleet.CheckIn{MAC: mac, Version: version, At: time.Now()}, Answer: fleet.NoUpdate}
	if d.index.Hear(&h, "", 1, 1) {
		d.Add(&h)
	}
}

// closes stops the writer; what it wrote can be looked at then.
func (d *desk) closes(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d.Close(ctx)
	if ctx.Err() != nil {
		t.Fatal("it does not stop")
	}
}

func TestNewsAreWrittenInTheirOrder(t *testing.T) {
	d := newDesk()
	d.Start(deaf{})
	for _, v := range []string{"v1", "v2", "v2", "v1"} {
		d.hears("00000000000a", v)
	}
	d.Flush(t.Context())
	if got := d.versions(); got != "v1 v2 v1" {
		t.Errorf("written were %s", got)
	}
	d.closes(t)
}

func TestManyDevicesMakeFewBatches(t *testing.T) {
	d := newDesk()
	for i := range 2000 {
		d.hears(fleet.MAC(fmt.Sprintf("%012x", i)), "v1")
	}
	d.Start(deaf{})
	d.Flush(t.Context())
	if d.batches != 4 || len(d.heard) != 2000 {
		t.Errorf("%d check-ins were written in %d batches", len(d.heard), d.batches)
	}
	d.closes(t)
}

// TestNewsWaitWhileTheDatabaseIsAway holds that they fold, that the newest are
// not lost, and that it is logged once.
func TestNewsWaitWhileTheDatabaseIsAway(t *testing.T) {
	d := newDesk()
	d.away(errors.New("gone fishing"))
	d.Start(deaf{})
	d.hears("00000000000a", "v0")
	for i := range 100 {
		d.hears("00000000000b", fmt.Sprint("v", i))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	d.Flush(ctx)
	if ctx.Err() == nil {
		t.Error("it says that it wrote what it could not")
	}
	d.away(nil)
	d.Flush(t.Context())
	if got := d.versions(); !strings.HasSuffix(got, " v99") || strings.Count(got, " ") > 20 {
		t.Errorf("written were %s", got)
	}
	d.closes(t)
	if away, back := strings.Count(d.log.String(), "cannot be written"), strings.Count(d.log.String(), "written again"); away != 1 || back != 1 {
		t.Errorf("%s", d.log)
	}
}

// TestWhatCannotBeKeptHoldsNothingUp holds that one check-in which the database
// does not take keeps no other from being written.
func TestWhatCannotBeKeptHoldsNothingUp(t *testing.T) {
	d := newDesk()
	d.refused = "00000000000b"
	for _, mac := range []fleet.MAC{"00000000000a", "00000000000b", "00000000000c"} {
		d.hears(mac, "v1")
	}
	d.Start(deaf{})
	d.Flush(t.Context())
	d.closes(t)
	if len(d.heard) != 2 || !strings.Contains(d.log.String(), "00:00:00:00:00:0B") {
		t.Errorf("%d were written; %s", len(d.heard), d.log)
	}
}

// TestTheNewestOfEachSortIsWritten holds that check-ins for a file system do not
// take the place of what a device said last of its application, and the reverse.
func TestTheNewestOfEachSortIsWritten(t *testing.T) {
	for name, modes := range map[string][2]string{"application": {"sketch", "spiffs"}, "file system": {"spiffs", "sketch"}} {
		d := newDesk()
		say := func(mode, version string) {
			h := heardAs(mode, version, time.Now(), fleet.NoUpdate, "not-newer")
			d.Add(&h)
		}
		say(modes[0], "v1")
		say(modes[0], "v2")
		for i := range 20 {
			say(modes[1], fmt.Sprint("v10.", i))
		}
		d.Start(deaf{})
		d.Flush(t.Context())
		d.closes(t)
		got := " " + d.versions() + " "
		if !strings.Contains(got, " v2 ") || !strings.HasSuffix(got, " v10.19 ") || len(d.heard) > 10 {
			t.Errorf("%s: written were%s", name, got)
		}
	}
}

// TestAllDownloadsAreCounted holds that also those are that wait behind very many.
func TestAllDownloadsAreCounted(t *testing.T) {
	d := newDesk()
	want := map[string]int64{}
	for i := range 25_000 {
		v := fmt.Sprintf("v1.0.%d", i%3)
		want[v]++
		d.AddDownload(fleet.Download{MAC: fleet.MAC(fmt.Sprintf("%012x", i)), Platform: "lamp", Version: v})
	}
	d.Start(deaf{})
	d.closes(t)
	got := map[string]int64{}
	for _, taken := range d.taken {
		got[taken.Version] += 1 + taken.More
	}
	if !maps.Equal(got, want) || len(d.taken) > 11_000 {
		t.Errorf("%v of %v, in %d parts", got, want, len(d.taken))
	}
}

// TestHistoryHasEnough holds that a device which has news all the time is written,
// and that the history is not filled by it.
func TestHistoryHasEnough(t *testing.T) {
	d := newDesk()
	d.Start(deaf{})
	at := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	quiet := func(mac fleet.MAC, at time.Time) bool {
		d.Add(&fleet.Heard{CheckIn: fleet.CheckIn{MAC: mac, At: at}})
		d.Flush(t.Context())
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.heard[len(d.heard)-1].Quiet
	}
	for i := range 100 {
		if got, want := quiet("00000000000a", at.Add(time.Duration(i)*time.Second)), i >= 60; got != want {
			t.Fatalf("news %d: quiet is %v", i, got)
		}
	}
	if quiet("00000000000b", at) {
		t.Error("another device is not heard of either")
	}
	if quiet("00000000000a", at.Add(time.Hour)) {
		t.Error("the history never hears of it again")
	}
	d.closes(t)
}
