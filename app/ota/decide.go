// Package ota decides what a board gets that asks for an update. It is pure:
// what it needs to know is handed to it.
package ota

import (
	"fmt"

	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
)

// Reason tells why an answer was given; it is stable and kept with the device.
type Reason string

// The reasons for refusals, for no update, and for an offer.
const (
	MACMissing       Reason = "mac-missing"
	MACMalformed     Reason = "mac-malformed"
	PlatformMissing  Reason = "dev-missing"
	PlatformInvalid  Reason = "dev-malformed"
	VersionMissing   Reason = "ver-missing"
	PlatformUnknown  Reason = "platform-unknown"
	NotWhitelisted   Reason = "not-whitelisted"
	OtherWhitelist   Reason = "other-whitelist"
	OtherFamily      Reason = "other-family"
	NothingPublished Reason = "nothing-published"
	NoFilesystem     Reason = "no-filesystem"
	SameBytes        Reason = "same-bytes"
	NotNewer         Reason = "not-newer"
	Newer            Reason = "newer"
)

// Decision is the answer to one check-in.
type Decision struct {
	Answer   fleet.Answer
	Reason   Reason
	Sentence string           // for people and, after "Error: ", for boards
	Release  *release.Release // that is offered, else nil
	Image    *release.Image   // of that release, else nil
	// RunsKey is the version key of what the device runs: of the release whose
	// bytes its hash proves, else of the version that it says.
	RunsKey string
}

// Decide answers a check-in. The device is nil when it was never seen, the
// platform nil when the one asked for does not exist, and offered nil when that
// platform offers nothing.
func Decide(c *fleet.CheckIn, device *fleet.Device, platform *fleet.Platform, offered *release.Release) Decision {
	d := decide(c, device, platform, offered)
	if d.Reason == SameBytes {
		d.RunsKey = offered.Version.Key()
	} else {
		d.RunsKey = c.RunningVersion().Key()
	}
	return d
}

// Happenings are what the check-in changed, for the history of the device.
func (d *Decision) Happenings(before *fleet.Device, c *fleet.CheckIn) []fleet.Happening {
	offered := ""
	if d.Release != nil {
		offered = d.Release.Version.String()
	}
	return fleet.Happenings(before, c, d.Answer, string(d.Reason), offered, d.Sentence)
}

func decide(c *fleet.CheckIn, device *fleet.Device, platform *fleet.Platform, offered *release.Release) Decision {
	if d, bad := malformed(c); bad {
		return d
	}
	name := fleet.FoldPlatformName(c.Platform)
	switch {
	case platform == nil:
		return refuse(PlatformUnknown, "there is no platform %s.", name)
	case device == nil || device.Platform == "":
		return refuse(NotWhitelisted, "device %s is not on the whitelist of %s.", c.MAC, name)
	case device.Platform != platform.Name:
		return refuse(OtherWhitelist, "device %s is on the whitelist of %s, not of %s.", c.MAC, device.Platform, name)
	case !c.Report.WantsApplication():
		return noUpdate(NoFilesystem, "No file system is published for %s.", name)
	case offered == nil:
		return noUpdate(NothingPublished, "Nothing is published for %s yet.", name)
	}
	return compare(c, offered)
}

// malformed finds what is wrong with the request itself.
func malformed(c *fleet.CheckIn) (Decision, bool) {
	switch {
	case c.MAC == "" && c.SentMAC == "":
		return refuse(MACMissing, "no MAC address: send it in the header x-ESP32-STA-MAC or x-ESP8266-STA-MAC."), true
	case c.MAC == "":
		return refuse(MACMalformed, "%q is not a MAC address.", fleet.Cut(c.SentMAC, fleet.MaxReported)), true
	case c.Platform == "":
		return refuse(PlatformMissing, "the platform is missing: ask for /update?dev=NAME&ver=VERSION."), true
	case c.Version == "":
		return refuse(VersionMissing, "the version is missing: ask for /update?dev=NAME&ver=VERSION."), true
	}
	if _, ok := fleet.DevicePlatformName(c.Platform); !ok {
		return refuse(PlatformInvalid, "%q is no platform name: it has letters, digits and hyphens, 64 at most.", fleet.Cut(c.Platform, fleet.MaxReported)), true
	}
	return Decision{}, false
}

// compare sets what the board runs against what is offered.
func compare(c *fleet.CheckIn, offered *release.Release) Decision {
	for n := range offered.Images {
		if offered.Images[n].RunsOn(c.Report.SketchMD5, c.Report.SketchSHA256) {
			return noUpdate(SameBytes, "The device already runs these very bytes of %s.", offered.Version)
		}
	}
	running := c.RunningVersion()
	if offered.Version.Compare(running) <= 0 {
		return noUpdate(NotNewer, "The device runs %s, and %s is offered.", running, offered.Version)
	}
	image := offered.ImageFor(c.Report.Family)
	if image == nil {
		return refuse(OtherFamily, "%s %s is built for %s; this device is an %s.",
			offered.Platform, offered.Version, offered.Images[0].Chip, c.Report.Family)
	}
	return Decision{
		Answer: fleet.Offer, Reason: Newer, Release: offered, Image: image,
		Sentence: fmt.Sprintf("The device runs %s and is offered %s.", running, offered.Version),
	}
}

func refuse(r Reason, format string, args ...any) Decision {
	return Decision{Answer: fleet.Refusal, Reason: r, Sentence: fmt.Sprintf(format, args...)}
}

func noUpdate(r Reason, format string, args ...any) Decision {
	return Decision{Answer: fleet.NoUpdate, Reason: r, Sentence: fmt.Sprintf(format, args...)}
}
