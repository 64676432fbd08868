package ota

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
)

// IndexState is how far the log of changes is, or how far a reader has read.
type IndexState struct {
	Seq     int64 // of the last change
	Floor   int64 // who has read less than this must read everything
	Catalog int64 // the last change of a platform or of what it offers
}

// source is where the index is read from.
type source interface {
	State(ctx context.Context) (IndexState, error)
	Devices(ctx context.Context, each func(fleet.Known)) error
	Seen(ctx context.Context, since time.Time, each func(seen fleet.Seen, left bool)) error
	DropSeen(ctx context.Context) error
	Changed(ctx context.Context, after, upTo int64, each func(fleet.Known), gone func(fleet.MAC)) error
	Platforms(ctx context.Context) ([]fleet.Platform, error)
	Offered(ctx context.Context) ([]release.Release, error)
	ManifestKeys(ctx context.Context) ([]fleet.ManifestKey, error)
}

// Index is all that a decision needs, in memory. Who changes something in the
// database calls Refresh before they say that it is done; what other processes
// change comes in by a Refresh soon after.
type Index struct {
	Heard *fleet.Index // the devices

	source  source
	catalog atomic.Pointer[catalog] // nil until all is loaded
	doubted atomic.Bool             // see Doubt

	turn      chan struct{} // has one for who refreshes, or looks at what follows
	state     IndexState
	loaded    time.Time // all of it
	heardUpTo time.Time // as far as others tell
	follow    func([]release.Release)
}

// catalog is the platforms with what they offer, as they were at one time. It is
// never changed.
type catalog struct {
	number    uint32
	platforms map[string]platform
	offered   []release.Release
	keys      map[string]string // the platform of a manifest key, by the key's hash
}

type platform struct {
	platform    *fleet.Platform
	offered     *release.Release
	filesystems []*release.Release // that it offers, one of a type
}

// offeredTo is what of its releases a board is to get, if it is newer.
func (p *platform) offeredTo(r *fleet.Report) *release.Release {
	if r.WantsApplication() {
		return p.offered
	}
	return filesystemFor(r, p.filesystems)
}

// ErrNotLoaded is the error of an index that knows nothing yet.
var ErrNotLoaded = errors.New("the devices are still being loaded")

// NewIndex makes an index that knows nothing until its first Refresh.
func NewIndex(s source) *Index {
	return &Index{Heard: fleet.NewIndex(), source: s, turn: make(chan struct{}, 1)}
}

// take waits for its turn, until ctx ends.
func (x *Index) take(ctx context.Context) error {
	select {
	case x.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (x *Index) giveBack() { <-x.turn }

// Ready reports whether devices can be answered.
func (x *Index) Ready() bool { return x.catalog.Load() != nil }

// Catalog is the number of the state that platforms and releases are in; 0 while
// nothing is loaded.
func (x *Index) Catalog() uint32 {
	if c := x.catalog.Load(); c != nil {
		return c.number
	}
	return 0
}

// Subject is what a check-in was decided from, for fleet.Index.Hear.
type Subject struct {
	Platform string // whose whitelist the device is on
	Known    bool   // the device was heard of before
	Forged   bool   // so it seems: the device knows the password that this came without
	Catalog  uint32
}

// Decide answers a check-in from memory.
func (x *Index) Decide(in *fleet.CheckIn) (Decision, Subject, error) { return x.decide(in, nil) }

// DecidePinned is Decide for a device that is pinned to another release than its
// platform offers.
func (x *Index) DecidePinned(in *fleet.CheckIn, to *release.Release) (Decision, Subject, error) {
	return x.decide(in, to)
}

func (x *Index) decide(in *fleet.CheckIn, pinned *release.Release) (d Decision, s Subject, err error) {
	c := x.catalog.Load()
	if c == nil {
		return d, s, ErrNotLoaded
	}
	var device *fleet.Device
	if in.MAC != "" {
		if s.Platform, s.Known = x.Heard.Find(in.MAC); s.Known {
			device = &fleet.Device{MAC: in.MAC, Platform: s.Platform}
		}
	}
	if own := c.platforms[s.Platform].platform; own != nil {
		use, _ := own.Passwords.Check(in.Password)
		s.Forged = !own.Passwords.Accepts(use) && x.Heard.Proved(in.MAC, &own.Passwords, in.At)
	}
	s.Catalog = c.number
	name, _ := fleet.DevicePlatformName(in.Platform)
	p := c.platforms[name]
	if pinned == nil {
		pinned = p.offeredTo(&in.Report)
	}
	return Decide(in, device, p.platform, pinned), s, nil
}

// Doubt lets the next Refresh read everything anew. After a lost connection the
// database may be another one, such as a copy that lacks the last changes: that
// the numbers of changes are the same proves nothing then.
func (x *Index) Doubt() { x.doubted.Store(true) }

// Refresh reads what changed since it was last read. When it fails, the index
// stays as it was.
func (x *Index) Refresh(ctx context.Context) error {
	if err := x.take(ctx); err != nil {
		return err
	}
	defer x.giveBack()
	all := x.doubted.Swap(false) || !x.Ready()
	if err := x.refresh(ctx, all); err != nil {
		if all {
			x.doubted.Store(true)
		}
		return err
	}
	return nil
}

func (x *Index) refresh(ctx context.Context, all bool) error {
	now, err := x.source.State(ctx)
	if err != nil || !all && now == x.state {
		return err
	}
	if missed := now.Seq < x.state.Seq || x.state.Seq < now.Floor; missed || all {
		err = x.reload(ctx)
	} else {
		err = x.source.Changed(ctx, x.state.Seq, now.Seq, x.Heard.Put, x.Heard.Drop)
	}
	if err == nil && (all || now.Catalog != x.state.Catalog) {
		err = x.readCatalog(ctx)
	}
	if err == nil {
		x.state = now
	}
	return err
}

func (x *Index) reload(ctx context.Context) error {
	return x.Heard.Reload(func() error {
		if err := x.source.Devices(ctx, x.Heard.Put); err != nil {
			return err
		}
		x.loaded, x.heardUpTo = time.Now(), time.Now()
		return x.source.Seen(ctx, time.Time{}, x.Heard.Saw)
	})
}

// How often it is read when others heard devices, how far their clocks may be
// apart, and for how long what a process left must have been here before it is
// dropped: until then the writer has taken care of it.
const (
	hearEvery  = 20 * time.Second
	clockSlack = time.Minute
	dropAfter  = 5 * time.Minute
)

// hearOthers reads when other processes heard devices, now and then.
func (x *Index) hearOthers(ctx context.Context) error {
	if err := x.take(ctx); err != nil {
		return err
	}
	defer x.giveBack()
	now := time.Now()
	if now.Sub(x.heardUpTo) < hearEvery {
		return nil
	}
	if err := x.source.Seen(ctx, x.heardUpTo.Add(-clockSlack), x.Heard.Saw); err != nil {
		return err
	}
	x.heardUpTo = now
	if now.Sub(x.loaded) < dropAfter {
		return nil
	}
	return x.source.DropSeen(ctx)
}

// Follow calls a function with what the platforms offer, now and whenever that
// changed. It must not wait for anything.
func (x *Index) Follow(do func([]release.Release)) {
	x.turn <- struct{}{}
	defer x.giveBack()
	x.follow = do
	if c := x.catalog.Load(); c != nil {
		do(c.offered)
	}
}

// Seq is the number of the last change that is in the index.
func (x *Index) Seq() int64 {
	x.turn <- struct{}{}
	defer x.giveBack()
	return x.state.Seq
}

func (x *Index) readCatalog(ctx context.Context) error {
	platforms, err := x.source.Platforms(ctx)
	if err != nil {
		return err
	}
	c := &catalog{number: x.Catalog() + 1, platforms: map[string]platform{}}
	if c.offered, err = x.source.Offered(ctx); err != nil {
		return err
	}
	if c.keys, err = x.readKeys(ctx); err != nil {
		return err
	}
	for i := range platforms {
		c.platforms[platforms[i].Name] = platform{platform: &platforms[i]}
	}
	for i := range c.offered {
		p := c.platforms[c.offered[i].Platform]
		if c.offered[i].Filesystem == "" {
			p.offered = &c.offered[i]
		} else {
			p.filesystems = append(p.filesystems, &c.offered[i])
		}
		c.platforms[c.offered[i].Platform] = p
	}
	x.catalog.Store(c)
	if x.follow != nil {
		x.follow(c.offered)
	}
	return nil
}
