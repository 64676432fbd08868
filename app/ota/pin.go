package ota

import (
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
)

// Part is what a request wants of an image.
type Part int

// The parts. A client that fetches an image in parts asks for its size first,
// with HEAD or for its first byte alone, or begins at once.
const (
	Whole Part = iota
	Size       // no byte, or the first alone, which all images share
	First      // from the first byte on
	Later      // from a byte past the first on
)

// Stage is how far a device is with the image that it is pinned to.
type Stage string

// The stages, in their order.
const (
	Sized Stage = "sized" // it was told the size
	Begun Stage = "begun" // it was sent bytes
	Taken Stage = "taken" // the last byte left for it, which may still be lost on the way
)

// The bounds of a pin: for how long it holds after its last use, and how often a
// device may begin its image anew. One that begins again and again will never
// have it all, and what it waits for may be published by now.
const (
	PinLifetime   = 24 * time.Hour
	maxBeginnings = 3
)

// Pin holds a device to one image while it fetches that in parts, so that it puts
// no image together out of two releases. It is never changed.
type Pin struct {
	MAC        fleet.MAC
	Platform   string
	Version    string // of the release
	SHA256     string // of its image
	Stage      Stage
	Beginnings int64 // how often the image was sent from its first byte on
	Since      time.Time
	LastUsed   time.Time
}

// goesOn reports whether the device may be in the middle of the image.
func (p *Pin) goesOn() bool { return p.Stage == Begun && p.Beginnings < maxBeginnings }

// Holds reports whether a device gets a part from the image that it is pinned to
// and not from what is offered. One that only asked for the size hears of newer
// releases; one that took all and begins anew gets what is offered, as does one
// that begins anew too often; one that asks for what is left gets no other bytes
// than those before.
func (p *Pin) Holds(platform string, part Part, now time.Time) bool {
	if p == nil || p.Platform != platform || now.Sub(p.LastUsed) >= PinLifetime {
		return false
	}
	switch part {
	case Size:
		return p.goesOn()
	case First:
		return p.Stage == Sized || p.goesOn()
	}
	return part == Later
}

// Outlives reports whether a pin stays as it is although the device is told of
// another image: one that only asks for the size may go on with what it has begun.
func (p *Pin) Outlives(platform string, part Part, now time.Time) bool {
	return p != nil && p.Platform == platform && now.Sub(p.LastUsed) < PinLifetime && part == Size && p.Stage == Begun
}

// NextPin is the pin of a device that is answered with a part of the image of a
// decision, where it had another or none before.
func NextPin(before *Pin, mac fleet.MAC, d *Decision, part Part, now time.Time) Pin {
	next := Pin{
		MAC: mac, Platform: d.Release.Platform, Version: d.Release.Version.String(), SHA256: d.Image.SHA256,
		Stage: Begun, Since: now, LastUsed: now,
	}
	same := before.is(&next)
	if same {
		next.Since, next.Beginnings = before.Since, before.Beginnings
	}
	switch {
	case part == First:
		next.Beginnings++
	case part == Size && !(same && before.Stage == Begun):
		next.Stage, next.Beginnings = Sized, 0
	}
	return next
}

func (p *Pin) is(other *Pin) bool {
	return p != nil && p.Platform == other.Platform && p.Version == other.Version && p.SHA256 == other.SHA256
}

// pinEvery is how exactly it is kept when a pin was used last.
const pinEvery = time.Minute

// Tells reports whether a pin says so much more than the one before it that it is
// to be kept.
func (p *Pin) Tells(before *Pin) bool {
	return !before.is(p) || before.Stage != p.Stage || before.Beginnings != p.Beginnings || p.LastUsed.Sub(before.LastUsed) >= pinEvery
}

// ImageOf is the image of a release that a pin is for, or nil.
func (p *Pin) ImageOf(r *release.Release) *release.Image {
	for n := range r.Images {
		if r.Images[n].SHA256 == p.SHA256 {
			return &r.Images[n]
		}
	}
	return nil
}
