// Package original knows the installations of the ESP update servers that people
// move from, those of M. van Noord and of K. Stobbe: what they keep, and what of
// it this server takes over. It knows neither HTTP nor SQL.
package original

import (
	"net/netip"
	"strings"
	"time"

	"esp-update-server/app/fault"
)

// The bounds of an installation. Its files are foreign: they may be broken, or
// made to do harm.
const (
	MaxPlatforms = 10_000
	MaxDevices   = 200_000
	MaxUsers     = 10_000
	MaxText      = 4000    // characters of a value
	MaxYAML      = 8 << 20 // bytes of platforms.yml
)

// Installation is what an installation of the original keeps, as it was read:
// bounded, and not checked yet.
type Installation struct {
	Platforms []Platform
	Devices   []Device
	Users     []User
}

// Platform is a platform with the firmware that is offered for it.
type Platform struct {
	Number    int64 // that devices refer to
	Name      string
	Notes     string
	Version   string // "" when nothing was uploaded
	File      string // name of the firmware file
	Uploaded  string // a time
	Downloads int64
}

// Device is a device that asked or was put on a whitelist.
type Device struct {
	MAC       string
	Platform  int64 // number of the one whose whitelist it is on; 0 for none
	Version   string
	Requested string // name of the platform that it asked for
	IP        string
	FirstSeen string // a time
	LastSeen  string // likewise
	Notes     string
}

// User is a person with an account. Only admins could sign in.
type User struct {
	Email    string
	Name     string
	Password string // hashed by Werkzeug
	Admin    bool
}

// Check fails when there is more of anything than is taken over.
func (in *Installation) Check() error {
	for _, n := range []struct {
		what     string
		has, max int
	}{{"platforms", len(in.Platforms), MaxPlatforms}, {"devices", len(in.Devices), MaxDevices}, {"users", len(in.Users), MaxUsers}} {
		if n.has > n.max {
			return fault.New(fault.Invalid, "It has more than %d %s, which cannot come from use: is it the right file?", n.max, n.what)
		}
	}
	return nil
}

// timeForms are how the originals wrote times, in UTC.
var timeForms = []string{"2006-01-02 15:04:05.999999", time.DateTime, time.DateOnly}

// readTime reads a time; nil when there is none that makes sense.
func readTime(text string, now time.Time) *time.Time {
	for _, form := range timeForms {
		t, err := time.Parse(form, strings.TrimSpace(text))
		if err != nil {
			continue
		}
		if t.Year() < 2010 || t.After(now.Add(24*time.Hour)) {
			return nil
		}
		if t.After(now) { // by a clock that was a little ahead
			t = now
		}
		return &t
	}
	return nil
}

// readIP reads the address of a device. Behind a proxy the original kept the
// whole list of X-Forwarded-For, which starts with it.
func readIP(text string) string {
	first, _, _ := strings.Cut(text, ",")
	a, err := netip.ParseAddr(strings.TrimSpace(first))
	if err != nil {
		return ""
	}
	return a.WithZone("").Unmap().String()
}
