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
	platform := c.FormValue("platform")
	if err := s.permit(c, d.MAC, platform, c.FormValue("create")); err != nil {
		return s.refusedPermit(c, d, platform, err)
	}
	sentence := "Device " + d.MAC.String() + " is permitted on " + platform + "."
	if isFragment(c) {
		return s.doneHere(c, "", nil, sentence)
	}
	return s.done(c, "/new-devices", sentence)
}

func (s *server) permit(c *fiber.Ctx, mac fleet.MAC, platform, create string) error {
	if platform == "" {
		return fault.Field("platform", "Choose the platform whose firmware the device is to get.")
	}
	if platform == create {
		if _, err := s.addPlatform(c, platform, ""); err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	if err := s.Devices.Edit(c.UserContext(), mac, fleet.DeviceChange{Platform: &platform}); err != nil {
		return err
	}
	s.did(c, "device permitted", "device", mac.String(), "platform", platform)
	return nil
}

// deletePermit handles DELETE /devices/{mac}/permit: the device leaves its
// whitelist and becomes a new device.
func (s *server) deletePermit(c *fiber.Ctx) error {
	mac, err := macParam(c)
	if err != nil {
		return err
	}
	none := ""
	if err := s.Devices.Edit(c.UserContext(), mac, fleet.DeviceChange{Platform: &none}); err != nil {
		return err
	}
	s.did(c, "device revoked", "device", mac.String())
	sentence := "Device " + mac.String() + " is revoked and is a new device now."
	if isFragment(c) {
		return s.doneHere(c, "", nil, sentence)
	}
	return s.done(c, "/devices/"+string(mac), sentence)
}
