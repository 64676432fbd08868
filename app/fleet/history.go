package fleet

import "time"

// Event is what happened to a device or to what a platform offers, as the history
// keeps it.
type Event string

// The events of a device.
const (
	FirstSeen  Event = "first-seen"
	Offered    Event = "offered"    // a release, after another answer
	Downloaded Event = "downloaded" // to its last byte
	Updated    Event = "updated"    // it reports another version than before
	WasRefused Event = "refused"    // for a reason other than before
	Permitted  Event = "permitted"  // by a person
	Revoked    Event = "revoked"    // by a person
	TwoBoards  Event = "two-boards" // its MAC is reported by two, who take turns

	SeemsForged Event = "seems-forged" // somebody asks with its MAC and without its password
)

// The events of a platform, all of which are what people did.
const (
	Published   Event = "published"
	Withdrawn   Event = "withdrawn"    // from that version back to another, or to none
	OfferChosen Event = "offer-chosen" // a release of its history is offered
)

// Compressed is the detail of an offer and of a download where the board has no
// room for the image as it is, and gets it compressed.
const Compressed = "compressed"

// Happening is one line of the history of a device or of a platform.
type Happening struct {
	MAC         MAC // "" where it is about the platform
	At          time.Time
	Event       Event
	Platform    string
	Filesystem  string // the type that it is about; "" for an application
	Version     string
	FromVersion string
	Detail      string
	Others      int64 // devices to which the same was done in one go, where that is told of one alone
}

// Happenings are what a check-in changed, told from what was known before; nil
// when the device was never heard. Offered is the version that it is offered,
// and detail what is told beside it: the sentence of a refusal, Compressed of an
// offer.
func Happenings(before *Device, c *CheckIn, answer Answer, reason, offered, detail string) []Happening {
	var out []Happening
	add := func(e Event, h Happening) {
		h.MAC, h.At, h.Event, h.Platform = c.MAC, c.At, e, FoldPlatformName(Cut(c.Platform, MaxReported))
		out = append(out, h)
	}
	version := c.RunningVersion().String()
	heard := before != nil && before.LastSeen != nil
	if !heard {
		add(FirstSeen, Happening{Version: version})
		before = &Device{Version: version}
	}
	asked := before.Version != "" || before.Answer != "" // for an application, and not for file systems alone
	if heard && asked && before.Version != version && version != "" {
		add(Updated, Happening{Version: version, FromVersion: before.Version})
	}
	if boards, returned := before.Boards.After(before, c); returned && boards.worthTelling() {
		add(TwoBoards, Happening{Version: version, Detail: boards.Difference()})
	}
	changed := before.Reason != reason || before.Version != version
	switch {
	case answer == Offer && changed:
		add(Offered, Happening{Version: offered, FromVersion: version, Detail: detail})
	case answer == Refusal && before.Reason != reason:
		add(WasRefused, Happening{Version: version, Detail: detail})
	}
	return out
}

// Adoption is how many devices of a platform run a version, now or on a day.
type Adoption struct {
	Day     string // 2026-01-31, in UTC; "" for now
	Version string // "" for devices that said none
	Devices int64
}
