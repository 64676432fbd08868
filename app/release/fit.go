package release

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
)

// Room is what some devices of a platform last reported of their flash, all of
// them the same. Sizes are in bytes and 0 when not said.
type Room struct {
	Family     firmware.Family
	FreeSpace  int64
	ChipSize   int64
	SketchSize int64
	Inflates   bool      // they can unpack a compressed image
	Devices    int64     // that reported this
	Example    fleet.MAC // one of them
}

// maxMisfits is how many sorts of devices without room are told one by one.
const maxMisfits = 5

// fit tells how many devices of the platform have room for the image, and apart
// from these which run on the other family of chips: room would not help them.
func (a *Assessment) fit(rooms []Room) {
	var fits, packed, misfits, silent, others int64
	var reasons []string
	for _, r := range rooms {
		why, said := a.misfit(r)
		switch {
		case a.isForOthersThan(r):
			others += r.Devices
		case !said:
			silent += r.Devices
		case why == "":
			fits += r.Devices
		case r.Inflates && a.described().FitsOnlyPacked(r):
			packed += r.Devices
		default:
			misfits += r.Devices
			reasons = append(reasons, fmt.Sprintf("%d such as %s: %s", r.Devices, r.Example, why))
		}
	}
	a.tellOtherFamily(others)
	said, beside := fits+packed+misfits, ""
	if packed > 0 {
		beside = fmt.Sprintf(" %d of %d get it compressed, since it would not fit otherwise.", packed, said)
	}
	if silent > 0 {
		beside += fmt.Sprintf(" %d have not said how much room they have.", silent)
	}
	switch {
	case said == 0:
		return
	case misfits == 0 && others > 0:
		a.pass("fit", "Fits", "All %d other devices that said how much room they have can take it.%s", said, beside)
	case misfits == 0:
		a.pass("fit", "Fits", "All %d devices that said how much room they have can take it.%s", said, beside)
	default:
		if len(reasons) > maxMisfits {
			reasons = append(reasons[:maxMisfits], "and others")
		}
		a.warn("fit", "Does not fit everywhere", "Make "+a.thing()+" smaller, or give those boards another partition table over a cable.",
			"%d of %d devices cannot take it: %s.%s", misfits, said, strings.Join(reasons, "; "), beside)
	}
}

// isForOthersThan reports whether the image is built for the other family than
// devices that said theirs.
func (a *Assessment) isForOthersThan(r Room) bool {
	return a.Filesystem == "" && r.Family != "" && r.Family != a.Inspection.Family()
}

// tellOtherFamily warns that devices run on the other family of chips.
func (a *Assessment) tellOtherFamily(n int64) {
	family, fix := firmware.ESP8266, "Build it for them, or publish it on another platform."
	if a.Inspection.Family() == family {
		family = firmware.ESP32
	}
	switch n {
	case 0:
	case 1:
		a.warn("other-family", "Built for another chip", fix, "1 device of %s is an %s and refuses this file.", a.Platform, family)
	default:
		a.warn("other-family", "Built for another chip", fix, "%d devices of %s are %s and refuse this file.", n, a.Platform, family)
	}
}

// thing is what was uploaded, in words.
func (a *Assessment) thing() string {
	if a.Filesystem != "" {
		return "the file system"
	}
	return "the firmware"
}

// misfit says why devices cannot take the image, or "", and whether they said
// how much room they have.
func (a *Assessment) misfit(r Room) (why string, said bool) {
	if a.Filesystem == "" {
		return a.misfitApplication(r), r.FreeSpace > 0
	}
	room, said := r.FilesystemRoom()
	if a.Inspection.Size > room {
		why = "room for " + inWords(room)
	}
	return why, said
}

func (a *Assessment) misfitApplication(r Room) string {
	if r.Family == firmware.ESP32 {
		if a.Inspection.Size > r.FreeSpace {
			return fmt.Sprintf("its update partition has %s", inWords(r.FreeSpace))
		}
		return ""
	}
	return a.misfit8266(r)
}

// misfit8266 applies the rules of the ESP8266 core: the image is staged between
// the running sketch and the file system (Updater.cpp), must not be built for a
// larger flash (ESP8266httpUpdate.cpp), and a compressed one must not overrun
// itself while eboot inflates it (eboot.c).
func (a *Assessment) misfit8266(r Room) string {
	staged := pages(a.Inspection.Size)
	if staged > r.FreeSpace {
		return fmt.Sprintf("%s free", inWords(r.FreeSpace))
	}
	if flash := flashBytes(a.Inspection.FlashSize); r.ChipSize > 0 && flash > r.ChipSize && !a.Inspection.Compressed {
		return fmt.Sprintf("its flash has %s, and the image is built for %s", inWords(r.ChipSize), inWords(flash))
	}
	switch {
	case a.described().Overruns(r):
		return "no room to unpack it"
	case a.Inspection.Compressed && !r.Inflates:
		return "not known to unpack images"
	}
	return ""
}

// pages rounds up to whole flash sectors.
func pages(n int64) int64 { return (n + 4095) &^ 4095 }

// flashBytes reads a flash size in an inspection's words, such as 4MB.
func flashBytes(s string) int64 {
	n, unit := int64(0), ""
	if _, err := fmt.Sscanf(s, "%d%s", &n, &unit); err != nil {
		return 0
	}
	if strings.HasPrefix(unit, "K") {
		return n << 10
	}
	return n << 20
}

func inWords(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }
