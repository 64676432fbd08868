package handlers

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
)

// maxPins is how many are kept in memory.
const maxPins = 10_000

// pins knows which devices are held to which image. What the database says
// counts, since each part may be asked of another process; memory is for while
// it is away. So a pin is kept before the answer that it is about leaves.
type pins struct {
	store pinStore
	wait  time.Duration // for the database, when a download ends
	kept  *otter.Cache[fleet.MAC, *keptPin]
	used  atomic.Bool // any was ever kept here
}

// keptPin is a pin as a process keeps it. In memory it is never changed.
type keptPin struct {
	ota.Pin
	unsaved bool
	release *release.Release // the pinned one, as it was last looked up; nil when not yet
	catalog uint32           // the number of the state of platforms and releases by then
}

func newPins(store pinStore, wait time.Duration) *pins {
	return &pins{store: store, wait: wait, kept: otter.Must(&otter.Options[fleet.MAC, *keptPin]{MaximumSize: maxPins})}
}

// find is the pin of a device, or nil.
func (p *pins) find(ctx context.Context, mac fleet.MAC) *keptPin {
	mine, _ := p.kept.GetIfPresent(mac)
	stored, err := p.store.Find(ctx, mac)
	switch {
	case err != nil, mine != nil && mine.unsaved && (stored == nil || stored.LastUsed.Before(mine.LastUsed)):
		return mine.copied()
	case stored == nil:
		return nil
	}
	found := &keptPin{Pin: *stored}
	if mine != nil && mine.Version == stored.Version && mine.SHA256 == stored.SHA256 {
		found.release, found.catalog = mine.release, mine.catalog
	}
	return found
}

func (k *keptPin) copied() *keptPin {
	if k == nil {
		return nil
	}
	own := *k
	return &own
}

// pin is what is kept, or nil.
func (k *keptPin) pin() *ota.Pin {
	if k == nil {
		return nil
	}
	return &k.Pin
}

// keep puts a pin in the place of the one before, which may be nil.
func (p *pins) keep(ctx context.Context, next, before *keptPin) {
	switch {
	case before == nil || before.unsaved || next.Tells(&before.Pin):
		next.unsaved = p.store.Save(ctx, &next.Pin) != nil
	default:
		next.LastUsed = before.LastUsed // as it is saved
	}
	p.kept.Set(next.MAC, next)
	p.used.Store(true)
}

// took notes that the last byte left. The device may have begun anew meanwhile,
// here or elsewhere: then it is of no account.
func (p *pins) took(pin *keptPin) {
	ctx, cancel := context.WithTimeout(context.Background(), p.wait)
	defer cancel()
	next := *pin
	next.Stage, next.LastUsed = ota.Taken, time.Now().UTC().Truncate(time.Microsecond)
	next.unsaved = p.store.Take(ctx, &next.Pin) != nil
	p.kept.ComputeIfPresent(pin.MAC, func(now *keptPin) (*keptPin, otter.ComputeOp) {
		if now != pin {
			return now, otter.CancelOp
		}
		return &next, otter.WriteOp
	})
}

// known is the pin of a device that this process keeps, or nil. It waits for
// nothing: most devices that take the whole image in one go never had one.
func (p *pins) known(mac fleet.MAC) *keptPin {
	if !p.used.Load() {
		return nil
	}
	mine, _ := p.kept.GetIfPresent(mac)
	return mine.copied()
}
