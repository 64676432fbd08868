package original

import (
	"context"
	"fmt"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
)

// Plan is what is to be taken over. What is here already stays as it is, so that
// the plan of a second run is empty.
type Plan struct {
	Platforms []fleet.Platform
	Releases  []Release
	Devices   []fleet.Device
	Users     []account.User
	Lines     []Line // what will be done and what will not, in words
}

// Release is a release to be made of a firmware file beside the installation.
type Release struct {
	release.Publication // without its Data: all of them may be more than fits
	PublishedAt         time.Time
	Downloads           int64
	File                string // its name, to read it by Planner.File
}

// Line says what becomes of one thing.
type Line struct {
	Fate Fate
	Text string
}

// Fate is what becomes of something that the original has.
type Fate string

// The fates, as they start a line.
const (
	Create  Fate = "create"   // a platform
	Publish Fate = "publish"  // its firmware
	Permit  Fate = "permit"   // a device
	Notice  Fate = "notice"   // a device that is on no whitelist
	Admit   Fate = "admit"    // a user
	Remark  Fate = "note"     // what a person should know of it
	Here    Fate = "here"     // already, and stays as it is
	LeftOut Fate = "left out" // with the reason
)

// String is the line as it is printed.
func (l Line) String() string { return fmt.Sprintf("%-9s %s", l.Fate, l.Text) }

// Count is how many lines tell of a fate.
func (p *Plan) Count(f Fate) (n int) {
	for _, l := range p.Lines {
		if l.Fate == f {
			n++
		}
	}
	return n
}

// Empty reports whether nothing is to be done.
func (p *Plan) Empty() bool {
	return len(p.Platforms)+len(p.Releases)+len(p.Devices)+len(p.Users) == 0
}

// Planner decides what is taken over, given what is here already.
type Planner struct {
	Releases release.Store
	Devices  interface {
		FindMany(ctx context.Context, macs []fleet.MAC) ([]fleet.Device, error)
		CountNew(ctx context.Context) (int, error)
		// TakenOff is the devices that a person here took off a whitelist, and that
		// are on none now.
		TakenOff(ctx context.Context) (map[fleet.MAC]bool, error)
	}
	Users interface {
		FindByEmail(ctx context.Context, email string) (*account.User, error)
		Count(ctx context.Context) (all, waiting int64, err error)
	}
	File       func(name string) ([]byte, error) // a firmware file of the installation
	By         string                            // who publishes
	MaxSize    int64                             // of a firmware file, in bytes
	Keep       int                               // releases a platform
	MaxNew     int                               // devices that are on no whitelist
	MaxWaiting int                               // users who wait for an admin
	Now        time.Time
}

// planning is a plan in the making.
type planning struct {
	*Planner
	plan  Plan
	taken map[int64]string // the platforms by their number there, with their name here
	known map[string]bool  // the platforms that are here already

	takenOff map[fleet.MAC]bool // see Planner.Devices
}

// Plan decides what becomes of everything in an installation. It changes nothing.
func (p *Planner) Plan(ctx context.Context, in *Installation) (*Plan, error) {
	making := &planning{Planner: p, taken: map[int64]string{}, known: map[string]bool{}}
	for _, step := range []func(context.Context, *Installation) error{making.platforms, making.releases, making.devices, making.users} {
		if err := step(ctx, in); err != nil {
			return nil, err
		}
	}
	return &making.plan, nil
}

func (p *planning) say(f Fate, format string, args ...any) {
	p.plan.Lines = append(p.plan.Lines, Line{Fate: f, Text: fmt.Sprintf(format, args...)})
}

// shown is a foreign text in quotes, short and without anything that a terminal
// would act on.
func shown(s string) string { return fmt.Sprintf("%q", fleet.Cut(s, fleet.MaxReported)) }
