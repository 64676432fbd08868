package fleet

import (
	"regexp"
	"strings"
	"time"

	"esp-update-server/app/fault"
)

// MaxNotes is how many bytes of notes a platform or a device can have.
const MaxNotes = 2000

// Platform is a name that boards share and that firmware is published for.
type Platform struct {
	Name       string
	Notes      string
	CreatedAt  time.Time
	Version    string     // of the offered release; "" when nothing is offered
	ReleasedAt *time.Time // of the offered release
	Downloads  int64      // finished downloads of the offered release
	Devices    int64      // on its whitelist
	Passwords  Passwords  // that it knows its devices by
}

var platformName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// ParsePlatformName reads a name that a person gives. Upper case is folded; an
// underscore is refused with the hyphenated name as a proposal, since boards
// that say SMART_LAMP find smart-lamp anyway.
func ParsePlatformName(s string) (string, error) {
	name := strings.ToLower(strings.TrimSpace(s))
	if name == "" {
		return "", fault.Field("name", "The platform needs a name, such as smart-lamp.")
	}
	if len(name) > 64 {
		return "", fault.Field("name", "A platform name has at most 64 characters; this one has %d.", len(name))
	}
	if proposal := FoldPlatformName(name); proposal != name && platformName.MatchString(proposal) {
		return "", fault.Field("name", "A platform name has no underscore: name it %s. Boards that ask for %s find it too.", proposal, Cut(strings.TrimSpace(s), 64))
	}
	if !platformName.MatchString(name) {
		return "", fault.Field("name", "%q is no platform name: use letters a to z, digits and hyphens, starting with a letter or digit.", Cut(s, 64))
	}
	if name == "new" {
		return "", fault.Field("name", "A platform cannot be named new, since /platforms/new is the page that creates one.")
	}
	return name, nil
}

// FoldPlatformName turns the name that a device or a binary says into the one
// it means: in lower case, with hyphens for underscores.
func FoldPlatformName(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "_", "-")
}

// DevicePlatformName reads a name that a device or a binary says; false when no
// platform can have it.
func DevicePlatformName(s string) (string, bool) {
	name := FoldPlatformName(s)
	return name, platformName.MatchString(name)
}

// ParseNotes checks the free text that people keep with a platform or device.
func ParseNotes(s string) (string, error) {
	s = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(UnixLines(s), "\x00", ""), "�"))
	if len(s) > MaxNotes {
		return "", fault.Field("notes", "Notes have at most %d characters; these have %d.", MaxNotes, len(s))
	}
	return s, nil
}
