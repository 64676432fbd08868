package handlers

import (
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
)

// filesystemText tells what happened with the file system of a device, or with
// one that a platform offers. Where a device says its version, it may say no type.
func filesystemText(h *fleet.Happening, platform, to, from, detail string) string {
	kind := fleet.Isolated(h.Filesystem)
	switch h.Event {
	case fleet.Offered:
		return "was offered " + release.Name(kind, to) + named(" of ", platform) + named("; it has ", from)
	case fleet.Downloaded:
		return "downloaded " + release.Name(kind, to) + named(" of ", platform)
	case fleet.Updated:
		if wentBack(h) {
			return "went back with its file system from " + from + " to " + to
		}
		return "updated its file system" + named(" from ", from) + " to " + to
	case fleet.WasRefused:
		return "was refused a file system: " + whyRefused(h)
	case fleet.Published:
		return release.Name(kind, to) + " was published" + named(" by ", detail)
	case fleet.Withdrawn:
		if to == "" {
			return release.Name(kind, from) + " was withdrawn; no " + kind + " file system is offered now"
		}
		return release.Name(kind, from) + " was withdrawn; " + to + " is offered again"
	case fleet.OfferChosen:
		return "offers " + release.Name(kind, to) + " now"
	}
	return string(h.Event)
}
