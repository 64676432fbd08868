package handlers

import (
	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
)

// deviceEdit is the form for what people may change of a device.
type deviceEdit struct {
	deviceRow
	Chosen    string // platform; "" for none
	Written   string // notes
	Platforms []fleet.Platform
	Errors    problems
}

type devicesShow struct {
	page
	Device deviceRow
	Edit   deviceEdit
}

// showDevice handles GET /devices/{mac}; for htmx its row alone.
func (s *server) showDevice(c *fiber.Ctx) error {
	d, err := s.deviceParam(c)
	if err != nil {
		return err
	}
	if isFragment(c) {
		row := toDeviceRow(c, d)
		row.Focus = true
		return s.render(c, "devices/_row", row)
	}
	return s.devicePage(c, d, fleet.DeviceChange{}, nil)
}

// editDevice handles GET /devices/{mac}/edit; for htmx the row as a form.
func (s *server) editDevice(c *fiber.Ctx) error {
	d, err := s.deviceParam(c)
	if err != nil {
		return err
	}
	return s.devicePage(c, d, fleet.DeviceChange{}, nil)
}

// devicePage shows a device with the form for what can be changed of it, which
// holds what was typed where that was refused.
func (s *server) devicePage(c *fiber.Ctx, d *fleet.Device, typed fleet.DeviceChange, err error) error {
	e := deviceEdit{deviceRow: toDeviceRow(c, d), Chosen: d.Platform, Written: d.Notes}
	if typed.Platform != nil {
		e.Chosen = *typed.Platform
	}
	if typed.Notes != nil {
		e.Written = *typed.Notes
	}
	if e.Errors, err = blame(c, err, "platform", "notes"); err != nil {
		return err
	}
	if e.Platforms, err = s.Platforms.List(c.UserContext()); err != nil {
		return err
	}
	v := &devicesShow{page: page{Title: d.MAC.String()}, Device: e.deviceRow, Edit: e}
	return s.show(c, "devices/show", v, "devices/_row_edit", e)
}

// updateDevice handles PUT /devices/{mac}.
func (s *server) updateDevice(c *fiber.Ctx) error {
	d, err := s.deviceParam(c)
	if err != nil {
		return err
	}
	platform, notes := c.FormValue("platform"), c.FormValue("notes")
	typed := fleet.DeviceChange{Platform: &platform, Notes: &notes}
	if err := s.changeDevice(c, d.MAC, typed); err != nil {
		return s.devicePage(c, d, typed, err)
	}
	sentence := "Device " + d.MAC.String() + " is saved."
	if !isFragment(c) {
		return s.done(c, "/devices/"+string(d.MAC), sentence)
	}
	return s.deviceSaved(c, d.MAC, sentence)
}

// changeDevice saves what a person typed.
func (s *server) changeDevice(c *fiber.Ctx, mac fleet.MAC, typed fleet.DeviceChange) error {
	if typed.Notes != nil {
		notes, err := fleet.ParseNotes(*typed.Notes)
		if err != nil {
			return err
		}
		typed.Notes = &notes
	}
	if err := s.Devices.Edit(c.UserContext(), mac, typed); err != nil {
		return err
	}
	s.did(c, "device changed", "device", mac.String())
	return nil
}

// deviceSaved answers htmx with the row as it is now.
func (s *server) deviceSaved(c *fiber.Ctx, mac fleet.MAC, sentence string) error {
	d, err := s.Devices.Find(c.UserContext(), mac)
	if err != nil {
		return err
	}
	row := toDeviceRow(c, d)
	row.Focus = true
	return s.doneHere(c, "devices/_row", row, sentence)
}

// deleteDevice handles DELETE /devices/{mac}: all that is known of it goes.
func (s *server) deleteDevice(c *fiber.Ctx) error {
	mac, err := macParam(c)
	if err != nil {
		return err
	}
	if err := s.Devices.Forget(c.UserContext(), mac); err != nil {
		return err
	}
	s.did(c, "device forgotten", "device", mac.String())
	sentence := "Device " + mac.String() + " is forgotten."
	if isFragment(c) {
		return s.doneHere(c, "", nil, sentence)
	}
	return s.done(c, "/devices", sentence)
}
