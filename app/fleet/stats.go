package fleet

import "slices"

// Stats is how the fleet is, in groups of devices that have all in common what
// the overview tells.
type Stats struct{ Groups []Group }

// Group is a number of devices with the same platform, state and version, and,
// where they are refused, the same reason.
type Group struct {
	Platform   string // "" for none
	State      State
	Version    string // "" for new devices, whose versions anybody can make up
	VersionKey string
	Reason     string // of a refusal, else ""
	Devices    int64
}

// In is how many devices are in a state.
func (s *Stats) In(state State) (n int64) {
	for i := range s.Groups {
		if s.Groups[i].State == state {
			n += s.Groups[i].Devices
		}
	}
	return n
}

// Permitted is how many devices are on a whitelist.
func (s *Stats) Permitted() (n int64) {
	for i := range s.Groups {
		if s.Groups[i].Platform != "" {
			n += s.Groups[i].Devices
		}
	}
	return n
}

// Refusals is the groups of permitted devices that are refused, by platform and
// reason.
func (s *Stats) Refusals() []Group {
	var list []Group
	for i := range s.Groups {
		g := s.Groups[i]
		if g.State != Refused {
			continue
		}
		same := func(o Group) bool { return o.Platform == g.Platform && o.Reason == g.Reason }
		if at := slices.IndexFunc(list, same); at >= 0 {
			list[at].Devices += g.Devices
		} else {
			list = append(list, Group{Platform: g.Platform, State: Refused, Reason: g.Reason, Devices: g.Devices})
		}
	}
	return list
}

// Running is how many devices of a platform that were heard run which version,
// the highest first.
func (s *Stats) Running(platform string) []Adoption {
	var list []Adoption
	for i := range s.Groups { // which are in that order
		g := &s.Groups[i]
		if g.Platform != platform || g.State == Waiting {
			continue
		}
		same := func(a Adoption) bool { return a.Version == g.Version }
		if at := slices.IndexFunc(list, same); at >= 0 {
			list[at].Devices += g.Devices
		} else {
			list = append(list, Adoption{Version: g.Version, Devices: g.Devices})
		}
	}
	return list
}
