package ota

import (
	"fmt"

	"github.com/dustin/go-humanize"

	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
)

// filesystemFor is what of a platform's file systems a board gets: that of the
// type that it asks for, of several the one that was published last; nil for none.
func filesystemFor(r *fleet.Report, list []*release.Release) *release.Release {
	var last *release.Release
	for _, offered := range list {
		if r.TakesFilesystem(offered.Filesystem) && (last == nil || offered.PublishedAt.After(last.PublishedAt)) {
			last = offered
		}
	}
	return last
}

// decideFilesystem answers a permitted device that asks for a file system. The
// version that it says is that of the file system it has.
func decideFilesystem(c *fleet.CheckIn, offered *release.Release) Decision {
	if offered == nil || c.File != "" {
		wanted, _ := c.Report.FilesystemType()
		return noUpdate(NoFilesystem, "No %s is published for %s.", called(wanted), fleet.FoldPlatformName(c.Platform))
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

// called is a type of file system in a sentence; "" is any.
func called(name string) string {
	if name == "" {
		return "file system"
	}
	return name + " file system"
}

// addFilesystem notes which file system a check-in is about. It tells nothing of
// the application that the device runs.
func (d *Decision) addFilesystem(h *fleet.Heard) {
	if h.Report.WantsApplication() {
		return
	}
	h.RunsKey = ""
	h.Filesystem, _ = h.Report.FilesystemType()
	if d.Release != nil {
		h.Filesystem = d.Release.Filesystem
	}
	if h.Filesystem == "" {
		h.Filesystem = h.Report.Mode
	}
}
