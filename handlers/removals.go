package handlers

import (
	"fmt"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
)

// undoKey is where a request keeps what it did that can be undone.
const undoKey = "undo"

// undoOf is the id of the removal that this request made, or "".
func undoOf(c *fiber.Ctx) string {
	id, _ := c.Locals(undoKey).(string)
	return id
}

// newRemoval is a removal by the person who asks, which the answer then offers
// to undo.
func newRemoval(c *fiber.Ctx, kind fleet.RemovalKind) fleet.Removal {
	r := fleet.Removal{ID: account.NewSecret(), UserID: userOf(c).ID, Kind: kind, By: nameOf(c)}
	c.Locals(undoKey, r.ID)
	return r
}

// remove revokes or forgets one device.
func (s *server) remove(c *fiber.Ctx, d *fleet.Device, kind fleet.RemovalKind) error {
	_, err := s.Devices.RemoveAll(c.UserContext(), fleet.Selection{MACs: []fleet.MAC{d.MAC}}, 1, newRemoval(c, kind))
	if err == nil {
		s.changedDevices([]fleet.MAC{d.MAC})
	}
	return err
}

// deleteRemoval handles DELETE /removals/{id}: what was revoked or forgotten a
// moment ago is as it was.
func (s *server) deleteRemoval(c *fiber.Ctx) error {
	r := fleet.Removal{ID: copied(c.Params("id"), 100), UserID: userOf(c).ID, By: nameOf(c)}
	n, err := s.Devices.Undo(c.UserContext(), r)
	if err != nil {
		return err
	}
	s.did(c, "removal undone", "devices", n)
	s.changedDevices(nil)
	back := localPath(c.FormValue("back", "/devices"))
	return s.done(c, back, fmt.Sprintf("Undone: %s as before.", countAre(n, "device")))
}

// nameOf is how the history calls the person who asks.
func nameOf(c *fiber.Ctx) string {
	u := userOf(c)
	if u == nil {
		return ""
	}
	return u.Email
}
