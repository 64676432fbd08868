package handlers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"esp-update-server/app/fleet"
	"esp-update-server/app/version"
)

// feedLength is how many lines the feed has.
const feedLength = 20

// feedLooked is how many of the latest happenings it tells of.
const feedLooked = 100

// manyOthers is up to where it is counted to how many devices the same was done.
const manyOthers = 999

// feedLine is one line of what just happened, in plain words.
type feedLine struct {
	ID   string // of its place on the page
	Name string // of the device or the platform that it is about
	To   string // where that is shown
	At   time.Time
	Icon string
	Text string // what follows the name

	Times int // that it did so before, not long ago
}

// feed is what happened last, the newest first.
func (s *server) feed(ctx context.Context) ([]feedLine, error) {
	list, err := s.History.Latest(ctx, feedLooked)
	return feedLines(list), err
}

// feedLines tells once what the same board does again and again.
func feedLines(list []fleet.Happening) []feedLine {
	var lines []feedLine
	told := map[fleet.Happening]int{} // but for the time: the line
	for i := range list {
		what := list[i]
		what.At, what.Others = time.Time{}, 0
		if line, again := told[what]; again {
			lines[line].Times++
		} else if len(lines) < feedLength {
			told[what] = len(lines)
			lines = append(lines, toFeedLine(&list[i]))
		}
	}
	return lines
}

func toFeedLine(h *fleet.Happening) feedLine {
	id := fmt.Sprintf("happening-%s-%d-%s", h.MAC, h.At.UnixMicro(), h.Event)
	l := feedLine{ID: id, Name: h.MAC.String(), To: "/devices/" + string(h.MAC), At: h.At, Icon: eventIcons[h.Event], Text: happeningText(h) + others(h.Others)}
	if wentBack(h) {
		l.Icon = "undo-2"
	}
	if h.MAC == "" {
		l.Name, l.To = h.Platform, "/platforms/"+h.Platform
	}
	return l
}

var eventIcons = map[fleet.Event]string{
	fleet.FirstSeen: "sparkles", fleet.Offered: "circle-arrow-up", fleet.Downloaded: "download", fleet.Updated: "circle-check",
	fleet.TwoBoards: "copy", fleet.SeemsForged: "ban", fleet.WasRefused: "ban", fleet.Permitted: "shield-check", fleet.Revoked: "circle-x",
	fleet.Published: "upload", fleet.Withdrawn: "undo-2", fleet.OfferChosen: "circle-arrow-up",
}

// happeningText tells what happened to a device or a platform, which is the
// subject.
func happeningText(h *fleet.Happening) string {
	platform, to, from, detail := fleet.Isolated(h.Platform), fleet.Isolated(h.Version), fleet.Isolated(h.FromVersion), fleet.Isolated(h.Detail)
	if h.Filesystem != "" {
		return filesystemText(h, platform, to, from, detail)
	}
	switch h.Event {
	case fleet.FirstSeen:
		return "asked for the first time" + named(" as ", platform) + named(", running ", to)
	case fleet.Offered:
		return "was offered " + to + named(" of ", platform) + packedText(h) + named("; it runs ", from)
	case fleet.Downloaded:
		return "downloaded " + to + named(" of ", platform) + packedText(h)
	case fleet.Updated:
		if wentBack(h) {
			return "went back from " + from + " to " + to
		}
		return "updated" + named(" from ", from) + " to " + to
	case fleet.WasRefused:
		return "was refused: " + whyRefused(h)
	case fleet.TwoBoards:
		return "seems to be two boards, in turns: " + detail
	case fleet.SeemsForged:
		return "seems to be forged: " + detail + " asks with its MAC and without the password of " + platform
	case fleet.Permitted:
		return "was permitted on " + platform + named(" by ", detail)
	case fleet.Revoked:
		return "was revoked" + named(" from ", platform) + named(" by ", detail)
	case fleet.Published:
		return to + " was published" + named(" by ", detail)
	case fleet.Withdrawn:
		if to == "" {
			return from + " was withdrawn; nothing is offered now"
		}
		return from + " was withdrawn; " + to + " is offered again"
	case fleet.OfferChosen:
		return "offers " + to + " now"
	}
	return string(h.Event)
}

// packedText tells that a board got an image compressed.
func packedText(h *fleet.Happening) string {
	if h.Detail != fleet.Compressed {
		return ""
	}
	return ", compressed, since it would not fit otherwise"
}

// whyRefused is what a device was answered, for the middle of a sentence about it.
func whyRefused(h *fleet.Happening) string {
	why := strings.Replace(h.Detail, "device "+h.MAC.String(), "it", 1)
	return fleet.Isolated(strings.TrimSuffix(strings.TrimPrefix(why, "Refused: "), "."))
}

// wentBack reports whether a device runs a lower version than before.
func wentBack(h *fleet.Happening) bool {
	return h.Event == fleet.Updated && h.FromVersion != "" && version.ParseLenient(h.Version).Compare(version.ParseLenient(h.FromVersion)) < 0
}

// others tells to how many more devices the same was done.
func others(n int64) string {
	switch {
	case n == 0:
		return ""
	case n == 1:
		return ", and so was 1 other"
	case n > manyOthers:
		return ", and so were more than " + humanize.Comma(manyOthers) + " others"
	}
	return ", and so were " + humanize.Comma(n) + " others"
}

// named is a thing with the words before it, or nothing when it has no name.
func named(before, name string) string {
	if name == "" {
		return ""
	}
	return before + name
}
