package handlers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"esp-update-server/app/fleet"
)

// Bounds of the bars on the overview.
const (
	adoptionPlatforms = 12
	adoptionVersions  = 5
	adoptionWidth     = 600 // units of the drawing
)

// adoptionBar is which versions the devices of a platform run, as a bar.
type adoptionBar struct {
	Platform string
	Offered  string // version
	Devices  int64  // that were heard
	Parts    []adoptionPart
}

// adoptionPart is one version in a bar.
type adoptionPart struct {
	Version  string // "older" for all that have no part of their own
	Devices  int64
	Step     int // of the shades, by age; 0 is what is offered
	X, Width int64
}

// adoptionBars is the platforms with the most devices.
func adoptionBars(stats *fleet.Stats, platforms []fleet.Platform) []adoptionBar {
	var bars []adoptionBar
	for i := range platforms {
		b := adoptionBar{Platform: platforms[i].Name, Offered: platforms[i].Version}
		for _, a := range stats.Running(b.Platform) {
			b.add(a)
		}
		if b.Devices > 0 {
			b.measure()
			bars = append(bars, b)
		}
	}
	slices.SortStableFunc(bars, func(a, b adoptionBar) int { return cmp.Compare(b.Devices, a.Devices) })
	return bars[:min(len(bars), adoptionPlatforms)]
}

// add takes the next lower version. What is offered always has its own part.
func (b *adoptionBar) add(a fleet.Adoption) {
	b.Devices += a.Devices
	version := cmp.Or(a.Version, "unknown")
	if last := len(b.Parts) - 1; last >= adoptionVersions && version != b.Offered {
		b.Parts[last].Version = "older"
		b.Parts[last].Devices += a.Devices
		return
	}
	step := min(len(b.Parts)+1, adoptionVersions)
	if version == b.Offered {
		step = 0
	}
	b.Parts = append(b.Parts, adoptionPart{Version: version, Devices: a.Devices, Step: step})
}

func (b *adoptionBar) measure() {
	var before int64
	for i := range b.Parts {
		p := &b.Parts[i]
		p.X = before * adoptionWidth / b.Devices
		before += p.Devices
		p.Width = max(2, before*adoptionWidth/b.Devices-p.X)
	}
}

// Summary tells in words what the bar shows.
func (b adoptionBar) Summary() string {
	parts := make([]string, len(b.Parts))
	for i, p := range b.Parts {
		parts[i] = fmt.Sprintf("%s on %s", count(p.Devices, "device"), p.Version)
	}
	return b.Platform + ": " + strings.Join(parts, ", ") + "."
}
