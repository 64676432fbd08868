package handlers

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
)

// problemsShown is how many refusals the overview lists one by one.
const problemsShown = 8

// problem is one thing that wants a person, and where it is solved.
type problem struct {
	Mark   mark
	Text   string
	To     string
	Action string // what the link says
}

// seeWhich is what a link says that only shows.
const seeWhich = "See which"

// onlyShown is problems for who may change nothing: what only admins can solve is
// shown to them, and where firmware is uploaded there is nothing to see.
func onlyShown(list []problem) []problem {
	for n := range list {
		switch p := &list[n]; p.To {
		case "/uploads/new":
			p.To, p.Action = "", ""
		case "/new-devices":
			p.Action = seeWhich
		}
	}
	return list
}

// problemsOf is what wants a person, the worst first.
func problemsOf(stats *fleet.Stats, platforms []fleet.Platform) []problem {
	list := refusalProblems(stats)
	if n := stats.In(fleet.Silent); n > 0 {
		list = append(list, problem{marks[fleet.Silent], countHave(n, "device") + " not been heard for a week.", "/devices?state=silent", seeWhich})
	}
	list = append(list, unpublished(platforms)...)
	if n := stats.In(fleet.New); n > 0 {
		list = append(list, problem{marks[fleet.New], sentence(count(n, "new device")) + " " + waits(n) + " for a decision.", "/new-devices", "Permit or forget"})
	}
	if n := stats.In(fleet.Waiting); n > 0 {
		list = append(list, problem{marks[fleet.Waiting], countHave(n, "permitted device") + " never asked for an update.", "/devices?state=waiting", seeWhich})
	}
	return list
}

// refusalProblems groups the devices that are refused by platform and reason,
// the largest group first.
func refusalProblems(stats *fleet.Stats) []problem {
	groups := stats.Refusals()
	slices.SortStableFunc(groups, func(a, b fleet.Group) int { return int(b.Devices - a.Devices) })
	var list []problem
	var rest int64
	for i, g := range groups {
		if i >= problemsShown {
			rest += g.Devices
			continue
		}
		why := strings.TrimPrefix(answers[ota.Reason(g.Reason)], "Refused: ")
		text := sentence(countAre(g.Devices, "device")) + " refused on " + g.Platform + "."
		if why != "" {
			text = sentence(countAre(g.Devices, "device")) + " refused on " + g.Platform + ": " + why
		}
		list = append(list, problem{marks[fleet.Refused], text, "/devices?" + url.Values{"state": {"refused"}, "platform": {g.Platform}}.Encode(), seeWhich})
	}
	if rest > 0 {
		list = append(list, problem{marks[fleet.Refused], sentence(countAre(rest, "more device")) + " refused.", "/devices?state=refused", seeWhich})
	}
	return list
}

// unpublished is the platforms whose devices have nothing to get.
func unpublished(platforms []fleet.Platform) []problem {
	var list []problem
	for i := range platforms {
		p := &platforms[i]
		if p.Devices > 0 && p.Version == "" && len(list) < problemsShown {
			list = append(list, problem{
				mark{Icon: "triangle-alert", Word: "no release"},
				fmt.Sprintf("%s of %s have nothing to get: no release is offered.", sentence(count(p.Devices, "device")), p.Name),
				"/uploads/new", "Upload firmware",
			})
			if p.Devices == 1 {
				list[len(list)-1].Text = fmt.Sprintf("The device of %s has nothing to get: no release is offered.", p.Name)
			}
		}
	}
	return list
}

// countHave is count with its verb, at the start of a sentence.
func countHave(n int64, thing string) string {
	if n == 1 {
		return sentence(count(n, thing)) + " has"
	}
	return sentence(count(n, thing)) + " have"
}

func waits(n int64) string {
	if n == 1 {
		return "waits"
	}
	return "wait"
}

// sentence starts words with an upper-case letter.
func sentence(words string) string {
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}
