package handlers

import (
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
	"esp-update-server/app/version"
)

// platformParam is the platform that a path names, in the one form that a name
// can have in the database.
func platformParam(c *fiber.Ctx) string {
	name, err := url.PathUnescape(c.Params("platform"))
	if err != nil {
		return ""
	}
	return fleet.Cut(fleet.FoldPlatformName(name), 2*fleet.MaxReported)
}

// platformField is the platform that a field of a form, or of the address, names;
// "" for none. It is one whose name may be anything.
func platformField(text string) string { return copied(text, 2*fleet.MaxReported) }

// filesystemField is platformField for the type of a file system; "" for an
// application.
func filesystemField(text string) string { return copied(text, fleet.MaxReported) }

// versionParam is the version that a path names.
func versionParam(c *fiber.Ctx) (version.Version, error) {
	text, err := url.PathUnescape(c.Params("version"))
	if err != nil {
		return version.Version{}, fiber.ErrNotFound
	}
	v, err := version.Parse(text)
	if err != nil {
		return version.Version{}, fiber.ErrNotFound
	}
	return v, nil
}

// macParam is the device that a path names, in any spelling of its MAC.
func macParam(c *fiber.Ctx) (fleet.MAC, error) {
	text, err := url.PathUnescape(c.Params("mac"))
	if err != nil {
		return "", fault.New(fault.NotFound, "There is no such device.")
	}
	return fleet.ParseMAC(text)
}

// keyParam is the key that a path names, of a thing that has no name; "" for
// what can be none.
func keyParam(c *fiber.Ctx, name string) string {
	key := c.Params(name)
	if len(key) > 64 || strings.Trim(key, "0123456789abcdef") != "" {
		return ""
	}
	return strings.Clone(key)
}

// did logs a change that a person or their token made, and tells the pages that
// show the activity.
func (s *server) did(c *fiber.Ctx, what string, details ...any) {
	s.tell(live.Activity)
	if u := userOf(c); u != nil {
		details = append(details, "by", u.Email)
	}
	s.Log.Info(what, append(details, "ip", s.clientIP(c))...)
}
