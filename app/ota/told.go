package ota

import (
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
)

// tell makes the answer one to a board that asks for the version alone, whether
// it is newer or not. That is no offer: the board asks again for what it wants.
func (d *Decision) tell(c *fleet.CheckIn, offered *release.Release) {
	if d.Answer == fleet.Refusal || offered == nil {
		return
	}
	if d.Answer == fleet.Offer {
		d.Answer, d.Reason = fleet.NoUpdate, Told
	}
	if d.Image = offered.ImageFor(c.Report.Family); d.Image != nil {
		d.Release = offered
	}
}

// addTold remembers a question for the version as the question for the
// application that mostly follows, so that a board that asks both by turns says
// nothing new each time.
func (d *Decision) addTold(h *fleet.Heard) {
	if !h.Report.WantsVersion() {
		return
	}
	h.Report.Mode = "sketch"
	if d.Reason == Told {
		asks := *h
		asks.Answer, asks.Reason = fleet.Offer, string(Newer)
		h.Alike = asks.Facts()
	}
}
