package handlers

import (
	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

// createPermit handles PUT /devices/{mac}/permit: the device joins the whitelist
// of a platform. The field create names a platform that may be created for it.
func (s *server) createPermit(c *fiber.Ctx) error {
	d, err := s.deviceParam(c)
	if err != nil {
		return err
	}
	platform := platformField(c.FormValue("platform"))
	if err := s.permit(c, d, platform, c.FormValue("create")); err != nil {
		return s.refusedPermit(c, d, platform, err)
	}
	sentence := "Device " + d.MAC.String() + " is permitted on " + platform + "."
	if isFragment(c) {
		return s.doneHere(c, "", nil, sentence)
	}
	return s.done(c, "/new-devices", sentence)
}

func (s *server) permit(c *fiber.Ctx, d *fleet.Device, platform, create string) error {
	if platform == "" {
		return fault.Field("platform", "Choose the platform whose firmware the device is to get.")
	}
	if platform == create {
		if _, err := s.addPlatform(c, platform, ""); err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	if err := s.Devices.Edit(c.UserContext(), d.MAC, fleet.DeviceChange{Platform: &platform, By: nameOf(c)}); err != nil {
		return err
	}
	s.did(c, "device permitted", "device", d.MAC.String(), "platform", platform)
	s.changedDevices([]fleet.MAC{d.MAC})
	return nil
}

// deletePermit handles DELETE /devices/{mac}/permit: the device leaves its
// whitelist and becomes a new device.
func (s *server) deletePermit(c *fiber.Ctx) error {
	d, err := s.deviceParam(c)
	if err != nil {
		return err
	}
	if err := s.remove(c, d, fleet.Revocation); err != nil {
		return err
	}
	s.did(c, "device revoked", "device", d.MAC.String())
	sentence := "Device " + d.MAC.String() + " is revoked and is a new device now."
	if isFragment(c) {
		return s.doneHere(c, "", nil, sentence)
	}
	return s.done(c, "/devices/"+string(d.MAC), sentence)
}

// createIgnore handles PUT /devices/{mac}/ignore: a new device stays out of the
// queue until it asks for another platform.
func (s *server) createIgnore(c *fiber.Ctx) error {
	return s.ignore(c, true, " is ignored until it asks for another platform.")
}

// deleteIgnore handles DELETE /devices/{mac}/ignore.
func (s *server) deleteIgnore(c *fiber.Ctx) error {
	return s.ignore(c, false, " is in the queue again.")
}

func (s *server) ignore(c *fiber.Ctx, ignore bool, result string) error {
	d, err := s.deviceParam(c)
	if err != nil {
		return err
	}
	if _, err := s.Devices.IgnoreAll(c.UserContext(), fleet.Selection{MACs: []fleet.MAC{d.MAC}}, 1, ignore); err != nil {
		return err
	}
	s.did(c, "new device ignored", "device", d.MAC.String(), "ignored", ignore)
	s.changedDevices([]fleet.MAC{d.MAC})
	if isFragment(c) {
		return s.doneHere(c, "", nil, "Device "+d.MAC.String()+result)
	}
	return s.done(c, "/new-devices", "Device "+d.MAC.String()+result)
}
