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
	PasswordMissing  Reason = "password-missing"
	PasswordWrong    Reason = "password-wrong"
	NotWhitelisted   Reason = "not-whitelisted"
	OtherWhitelist   Reason = "other-whitelist"
	OtherFamily      Reason = "other-family"
	NothingPublished Reason = "nothing-published"
	NoFilesystem     Reason = "no-filesystem"
	TooLarge         Reason = "filesystem-too-large"
	NoRoomToUnpack   Reason = "no-room-to-unpack"
	SameBytes        Reason = "same-bytes"
	NotNewer         Reason = "not-newer"
	Newer            Reason = "newer"
	NewerPacked      Reason = "newer-compressed"
	Told             Reason = "told"
	Chosen           Reason = "chosen"
	FileGone         Reason = "file-gone"
	NoMinimal        Reason = "no-minimal"
)

// Decision is the answer to one check-in.
type Decision struct {
	Answer   fleet.Answer
	Reason   Reason
	Sentence string           // for people and, after "Error: ", for boards
	Release  *release.Release // that is offered, or whose version alone is told; else nil
	Image    *release.Image   // of that release, else nil
	Packed   bool             // the image is sent compressed,
	Mode     byte             // with this flash mode in it
	Rest     bool             // it is about what is left of an image that was begun before
	// RunsKey is the version key of what the device runs: of the release whose
	// bytes its hash proves, else of the version that it says.
	RunsKey string
	// PasswordKey tells which password of the platform that it asked for the
	// device sent; see fleet.Passwords.Use.
	PasswordKey string
}

// Decide answers a check-in. The device is nil when it was never seen, the
// platform nil when the one asked for does not exist, and offered nil when that
// platform offers nothing of what is asked for: applications, or file systems.
func Decide(c *fleet.CheckIn, device *fleet.Device, platform *fleet.Platform, offered *release.Release) Decision {
	var use fleet.PasswordUse
	var key string
	if platform != nil {
		use, key = platform.Passwords.Check(c.Password)
	}
	d := decide(c, device, platform, offered, use)
	if c.Report.WantsVersion() {
		d.tell(c, offered)
	}
	d.PasswordKey = key
	if d.Reason == SameBytes {
		d.RunsKey = offered.Version.Key()
	} else {
		d.RunsKey = c.RunningVersion().Key()
	}
	return d
}

// Heard is what is remembered of a check-in with this answer.
func (d *Decision) Heard(c *fleet.CheckIn) fleet.Heard {
	h := fleet.Heard{
		CheckIn: *c, Packed: d.Packed, Answer: d.Answer, Reason: string(d.Reason), Sentence: d.Sentence, RunsKey: d.RunsKey, PasswordKey: d.PasswordKey,
	}
	if d.Answer == fleet.Offer && d.Release != nil {
		h.Offered = d.Release.Version.String()
	}
	d.addFilesystem(&h)
	d.addTold(&h)
	return h
}

func decide(c *fleet.CheckIn, device *fleet.Device, platform *fleet.Platform, offered *release.Release, use fleet.PasswordUse) Decision {
	if c.MAC != "" && (platform == nil && c.MeansMinimal(c.Platform) || c.MeansMinimal(c.Version)) {
		return refuse(NoMinimal, "there is no minimal image: Tasmota asks for one when a release does not fit into the free space of the board.")
	}
	if d, bad := malformed(c); bad {
		return d
	}
	name := fleet.FoldPlatformName(c.Platform)
	if platform == nil {
		return refuse(PlatformUnknown, "there is no platform %s.", name)
	}
	switch {
	case !platform.Passwords.Accepts(use):
		return refusePassword(c, platform, use)
	case device == nil || device.Platform == "":
		return refuse(NotWhitelisted, "device %s is not on the whitelist of %s.", c.MAC, name)
	case device.Platform != platform.Name:
		return refuse(OtherWhitelist, "device %s is on the whitelist of %s, not of %s.", c.MAC, device.Platform, name)
	case !c.Report.WantsApplication():
		return decideFilesystem(c, offered)
	case offered == nil:
		return noUpdate(NothingPublished, "Nothing is published for %s yet.", name)
	}
	return compare(c, offered)
}

// refusePassword refuses a device that does not send the password of the
// platform. That comes before all that is told of whitelists: who does not know
// the password learns of no MAC whether it is permitted.
func refusePassword(c *fleet.CheckIn, platform *fleet.Platform, use fleet.PasswordUse) Decision {
	if use == fleet.NoPasswordUsed {
		return refuse(PasswordMissing, "device %s sent no password for %s.", c.MAC, platform.Name)
	}
	return refuse(PasswordWrong, "device %s sent a wrong password for %s.", c.MAC, platform.Name)
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
	case c.Version == "" && c.File == "":
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
	if c.File != "" {
		return choose(c, offered)
	}
	running := c.RunningVersion()
	if offered.Version.Compare(running) <= 0 {
		return noUpdate(NotNewer, "The device runs %s, and %s is offered.", running, offered.Version)
	}
	image := offered.ImageFor(c.Report.Family)
	if image == nil {
		return refuseFamily(c, offered, &offered.Images[0])
	}
	return offer(c, offered, image)
}

// offer offers an image to a device whose chip can run it. That it has room for it
// a device sees by itself, but for that of unpacking.
func offer(c *fleet.CheckIn, offered *release.Release, image *release.Image) Decision {
	room := release.RoomOf(&c.Report)
	if image.Overruns(room) {
		return refuse(NoRoomToUnpack, "%s %s is compressed, and device %s has no room to unpack it: that would destroy what it runs.",
			offered.Platform, offered.Version, c.MAC)
	}
	d := Decision{Answer: fleet.Offer, Release: offered, Image: image}
	d.pack(c, image.FitsOnlyPacked(room))
	return d
}

// choose answers a device on which a person chose a file: what it runs does not
// matter then, but the file has to be what is offered.
func choose(c *fleet.CheckIn, offered *release.Release) Decision {
	for n := range offered.Images {
		image := &offered.Images[n]
		if offered.ShortFilename(image) != c.File {
			continue
		}
		if c.Report.Family != "" && c.Report.Family != image.Family {
			return refuseFamily(c, offered, image)
		}
		return offer(c, offered, image)
	}
	return refuse(FileGone, "%s does not offer %q now: read its list again.", offered.Platform, fleet.Cut(c.File, fleet.MaxReported))
}

func refuseFamily(c *fleet.CheckIn, offered *release.Release, image *release.Image) Decision {
	return refuse(OtherFamily, "%s %s is built for %s; this device is an %s.", offered.Platform, offered.Version, image.Chip, c.Report.Family)
}

func refuse(r Reason, format string, args ...any) Decision {
	return Decision{Answer: fleet.Refusal, Reason: r, Sentence: fmt.Sprintf(format, args...)}
}

func noUpdate(r Reason, format string, args ...any) Decision {
	return Decision{Answer: fleet.NoUpdate, Reason: r, Sentence: fmt.Sprintf(format, args...)}
}
