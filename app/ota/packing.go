package ota

import (
	"fmt"

	"esp-update-server/app/fleet"
)

// pack says whether the image of an offer is sent compressed, as it is to boards
// that have no room for it otherwise.
func (d *Decision) pack(c *fleet.CheckIn, packed bool) {
	d.Packed, d.Reason = packed, Newer
	d.Sentence = fmt.Sprintf("The device runs %s and is offered %s.", c.RunningVersion(), d.Release.Version)
	if packed {
		d.Reason = NewerPacked
		d.Sentence = fmt.Sprintf("The device runs %s and is offered %s, compressed, since it would not fit otherwise.", c.RunningVersion(), d.Release.Version)
	}
}

// Filename is the name under which the image of an offer is sent.
func (d *Decision) Filename() string {
	if d.Packed {
		return d.Release.Filename(d.Image) + ".gz"
	}
	return d.Release.Filename(d.Image)
}

// Unpack lets an offer be sent as it is after all.
func (d *Decision) Unpack(c *fleet.CheckIn) { d.pack(c, false) }
