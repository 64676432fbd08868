package handlers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"esp-update-server/app/fleet"
)

// feedLength is how many lines the feed has.
const feedLength = 20

// feedLine is one line of what just happened, in plain words.
type feedLine struct {
	ID   string // of its place on the page
	MAC  fleet.MAC
	Key  string // the MAC in addresses
	At   time.Time
	Icon string
	Text string // what follows the name of the device
}

// feed is what happened last, the newest first.
func (s *server) feed(ctx context.Context) ([]feedLine, error) {
	list, err := s.History.Latest(ctx, feedLength)
	lines := make([]feedLine, len(list))
	for i := range list {
		lines[i] = toFeedLine(&list[i])
	}
	return lines, err
}

func toFeedLine(h *fleet.Happening) feedLine {
	id := fmt.Sprintf("happening-%s-%d-%s", h.MAC, h.At.UnixMicro(), h.Event)
	return feedLine{ID: id, MAC: h.MAC, Key: string(h.MAC), At: h.At, Icon: eventIcons[h.Event], Text: happeningText(h)}
}

var eventIcons = map[fleet.Event]string{
	fleet.FirstSeen: "sparkles", fleet.Offered: "circle-arrow-up", fleet.Downloaded: "download", fleet.Updated: "circle-check",
	fleet.WasRefused: "ban", fleet.Permitted: "shield-check", fleet.Revoked: "circle-x",
}

// happeningText tells what happened to a device; the device is the subject.
func happeningText(h *fleet.Happening) string {
	switch h.Event {
	case fleet.FirstSeen:
		return "asked for the first time" + named(" as ", h.Platform) + named(", running ", h.Version)
	case fleet.Offered:
		return "was offered " + h.Version + named(" of ", h.Platform) + named("; it runs ", h.FromVersion)
	case fleet.Downloaded:
		return "downloaded " + h.Version + named(" of ", h.Platform)
	case fleet.Updated:
		return "updated" + named(" from ", h.FromVersion) + " to " + h.Version
	case fleet.WasRefused:
		return "was refused: " + strings.TrimPrefix(strings.Replace(h.Detail, "device "+h.MAC.String(), "it", 1), "Refused: ")
	case fleet.Permitted:
		return "was permitted on " + h.Platform + named(" by ", h.Detail)
	case fleet.Revoked:
		return "was revoked" + named(" from ", h.Platform) + named(" by ", h.Detail)
	}
	return string(h.Event)
}

// named is a thing with the words before it, or nothing when it has no name.
func named(before, name string) string {
	if name == "" {
		return ""
	}
	return before + name
}
