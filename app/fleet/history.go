package fleet

import "time"

// Event is what happened to a device, as its history keeps it.
type Event string

// The events; the last two are what people did.
const (
	FirstSeen  Event = "first-seen"
	Offered    Event = "offered"    // a release, after another answer
	Downloaded Event = "downloaded" // to its last byte
	Updated    Event = "updated"    // it reports another version than before
	WasRefused Event = "refused"    // for a reason other than before
	Permitted  Event = "permitted"
	Revoked    Event = "revoked"
)

// Happening is one line of a device's history.
type Happening struct {
	MAC         MAC
	At          time.Time
	Event       Event
	Platform    string
	Version     string
	FromVersion string
	Detail      string
}

// Happenings are what a check-in changed, told from what was known before; nil
// when the device was never heard. Offered is the version that it is offered,
// and detail the sentence of the answer.
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
	if heard && before.Version != version && version != "" {
		add(Updated, Happening{Version: version, FromVersion: before.Version})
	}
	changed := before.Reason != reason || before.Version != version
	switch {
	case answer == Offer && changed:
		add(Offered, Happening{Version: offered, FromVersion: version})
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
