package fleet

import (
	"time"

	"esp-update-server/app/firmware"
	"esp-update-server/app/version"
)

// SilentAfter is how long a permitted device may be unheard before it counts as
// silent.
const SilentAfter = 7 * 24 * time.Hour

// State is what a device's row says at a glance.
type State string

// The states, in the order in which the first that holds is chosen.
const (
	New      State = "new"        // on no whitelist
	Waiting  State = "waiting"    // permitted, never heard
	Silent   State = "silent"     // not heard for SilentAfter
	Refused  State = "refused"    // its last check-in was
	Behind   State = "behind"     // runs less than what is offered
	UpToDate State = "up-to-date" // runs what is offered or more, or nothing is offered
)

// States are all states, in the order in which they are listed.
var States = []State{Behind, Refused, Silent, Waiting, UpToDate, New}

// Device is one board, known by its MAC.
type Device struct {
	MAC       MAC
	Platform  string // whose whitelist it is on; "" for none
	Notes     string
	CreatedAt time.Time

	FirstSeen         *time.Time // nil when it never asked
	LastSeen          *time.Time
	Version           string // as it reported
	VersionKey        string // of what it runs, told by its hash where that is known
	RequestedPlatform string // that it asked for last
	IP                string
	Answer            Answer // to its last check-in
	Reason            string // of that answer
	Report            Report
	PasswordKey       string // tells which password it sent last; see Passwords.Use
	Boards            Boards // that report its MAC
	Filesystem        Filesystem

	// IgnoredPlatform is what it asked for when a person chose not to hear of
	// that any more; nil when nobody did.
	IgnoredPlatform *string

	OfferedKey string // version key of what its platform offers; "" for nothing
}

// State is the first state that holds at the time now.
func (d *Device) State(now time.Time) State {
	switch {
	case d.Platform == "":
		return New
	case d.LastSeen == nil:
		return Waiting
	case now.Sub(*d.LastSeen) >= SilentAfter:
		return Silent
	case d.Answer == Refusal:
		return Refused
	case d.VersionKey < d.OfferedKey:
		return Behind
	}
	return UpToDate
}

// Answer is one of the three answers of the device route.
type Answer string

// The answers; the empty Answer is that of a device that never asked.
const (
	Offer    Answer = "offer"
	NoUpdate Answer = "no-update"
	Refusal  Answer = "refusal"
)

// CheckIn is one request of a device to the device route, with what its headers
// said. Every string in it is foreign; Platform and Version are as long as they
// came, and are cut to MaxReported bytes where they are kept or shown.
type CheckIn struct {
	MAC      MAC    // "" when missing or malformed
	SentMAC  string // as sent, for the sentence that refuses it
	Platform string // as sent
	Version  string // as sent
	IP       string
	At       time.Time
	Password Secret // as sent; never kept or shown
	File     string // that a person chose on the device itself; "" when the device asks for what is newer
	Report   Report
}

// MaxReported is how many bytes are kept of a string that a device sends.
const MaxReported = 64

// RunningVersion is the version that the device says it runs.
func (c *CheckIn) RunningVersion() version.Version { return version.ParseLenient(c.Version) }

// Report is what the update client of a board says in its headers, beside the
// MAC. Sizes are in bytes and 0 when not said.
type Report struct {
	Family        firmware.Family // by the headers' prefix; "" when there are none
	Mode          string          // "sketch" and "" mean the application
	ChipID        string
	APMAC         string
	FreeSpace     int64
	SketchSize    int64
	SketchMD5     string // lower case
	SketchSHA256  string // lower case
	ChipSize      int64
	SDKVersion    string
	ClientVersion string // the header's version, beside the one in the query
	UserAgent     string
	Inflates      bool // it can unpack a compressed image
}

// WantsApplication reports whether the board asks for an application image and
// not for a file system.
func (r *Report) WantsApplication() bool {
	return r.Mode == "" || r.Mode == "sketch" || r.Mode == "version"
}
