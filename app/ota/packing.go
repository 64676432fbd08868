package ota

import (
	"fmt"

	"esp-update-server/app/fleet"
)

// pack says whether the image of an offer is sent compressed, as it is to boards
// that have no room for it otherwise.
func (d *Decision) pack(c *fleet.CheckIn, packed bool) {
	how := ""
	if d.Packed = packed; packed {
		how = ", compressed, since it would not fit otherwise"
	}
	switch {
	case c.File != "":
		d.Reason, d.Sentence = Chosen, fmt.Sprintf("Somebody chose %s on the device itself%s.", d.Release.Version, how)
		return
	case packed:
		d.Reason = NewerPacked
	default:
		d.Reason = Newer
	}
	d.Sentence = fmt.Sprintf("The device runs %s and is offered %s%s.", c.RunningVersion(), d.Release.Version, how)
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
