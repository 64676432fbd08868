package ota

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
)

// filesystemFor is what of a platform's file systems a board gets: that of the
// first type that it asks for; nil for none.
func filesystemFor(r *fleet.Report, list []*release.Release) *release.Release {
	for _, wanted := range r.FilesystemTypes() {
		for _, offered := range list {
			if offered.Filesystem == wanted {
				return offered
			}
		}
	}
	return nil
}

// decideFilesystem answers a permitted device that asks for a file system. The
// version that it says is that of the file system it has.
func decideFilesystem(c *fleet.CheckIn, offered *release.Release) Decision {
	if offered == nil || c.File != "" {
		return noUpdate(NoFilesystem, "No %s is published for %s.", called(c.Report.FilesystemTypes()), fleet.FoldPlatformName(c.Platform))
	}
	has := c.RunningVersion()
	if offered.Version.Compare(has) <= 0 {
		return noUpdate(NotNewer, "The device has the file system %s, and %s is offered.", has, offered.Name())
	}
	image := &offered.Images[0]
	room := release.Room{
		Family: c.Report.Family, FreeSpace: c.Report.FreeSpace, ChipSize: c.Report.ChipSize, SketchSize: c.Report.SketchSize,
	}
	if most, said := room.FilesystemRoom(); said && image.Size > most {
		return refuse(TooLarge, "the %s of %s has %s bytes, and device %s has room for %s.",
			offered.Name(), offered.Platform, humanize.Comma(image.Size), c.MAC, humanize.Comma(most))
	}
	return Decision{
		Answer: fleet.Offer, Reason: Newer, Release: offered, Image: image,
		Sentence: fmt.Sprintf("The device has the file system %s and is offered %s.", has, offered.Name()),
	}
}

// called is what a board asks for in a sentence: file systems of a few types, or
// of any.
func called(types []string) string {
	if len(types) == 0 || len(types) == len(firmware.FilesystemTypes) {
		return "file system"
	}
	return strings.Join(types, " or ") + " file system"
}

// addFilesystem notes which file system a check-in is about. It tells nothing of
// the application that the device runs.
func (d *Decision) addFilesystem(h *fleet.Heard) {
	if h.Report.WantsApplication() {
		return
	}
	h.RunsKey, h.Filesystem = "", h.Report.Mode
	if types := h.Report.FilesystemTypes(); len(types) == 1 {
		h.Filesystem = types[0]
	}
	if d.Release != nil {
		h.Filesystem = d.Release.Filesystem
	}
}
