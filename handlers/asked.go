package handlers

import (
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
)

// eachAsked stands in a form for no one platform, but for the one that each
// device asked for. No platform can have that name.
const eachAsked = "*"

// askedShown is how many platforms are told that devices asked for.
const askedShown = 5

// askedFor is which platforms the selected devices asked for, the most asked for
// first.
type askedFor []fleet.Asked

// Permitted reports whether some of the devices are on a whitelist.
func (l askedFor) Permitted() bool {
	for _, a := range l {
		if a.Permitted > 0 {
			return true
		}
	}
	return false
}

// Only is the one platform that all the devices asked for, or "".
func (l askedFor) Only() string {
	if len(l) != 1 {
		return ""
	}
	return l[0].Platform
}

// Each reports whether it makes a difference to permit each device where it asked.
func (l askedFor) Each() bool { return len(l) > 1 && !l.Permitted() }

// Sentence says how many devices asked for which platform.
func (l askedFor) Sentence() string {
	var parts []string
	var more, none int64
	for _, a := range l {
		switch {
		case a.Platform == "":
			none = a.Devices
		case len(parts) == askedShown:
			more += a.Devices
		default:
			parts = append(parts, fmt.Sprintf("%d asked for %s", a.Devices, a.Platform))
		}
	}
	if more > 0 {
		parts = append(parts, fmt.Sprintf("%d asked for others", more))
	}
	if none > 0 {
		parts = append(parts, fmt.Sprintf("%d asked for none that exists", none))
	}
	return strings.Join(parts, ", ") + "."
}

// fillAsked looks up what the devices asked for that are to be permitted, and
// chooses the platform when it is the same for all.
func (s *server) fillAsked(c *fiber.Ctx, v *selectionView) (err error) {
	if v.Do != "permit" {
		return nil
	}
	if v.Asked, err = s.Devices.Asked(c.UserContext(), v.selection()); err == nil && v.Chosen == "" {
		v.Chosen = v.Asked.Only()
	}
	return err
}

// permitAsked permits each device on the platform that it asked for.
func (s *server) permitAsked(c *fiber.Ctx, v *selectionView) (int64, error) {
	permitted, stayed, err := s.Devices.PermitAsked(c.UserContext(), v.selection(), v.Count, nameOf(c))
	v.Onto = "the platform that each asked for"
	switch {
	case stayed == 1:
		v.Onto += ". 1 stays as it was: what it asked for does not exist"
	case stayed > 1:
		v.Onto += fmt.Sprintf(". %d stay as they were: what they asked for does not exist", stayed)
	}
	return permitted, err
}
