package handlers

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
)

// historyShown is how many lines of a device's history its page has.
const historyShown = 100

// deviceEdit is the form for what people may change of a device: all of it on
// its page, one field in a table.
type deviceEdit struct {
	deviceRow
	Field     string // in a table, the one that is edited
	Chosen    string // platform; "" for none
	Written   string // notes
	Platforms []string
	Errors    problems
}

// Lines reports whether the notes have several lines, which a plain input would
// lose.
func (e deviceEdit) Lines() bool { return strings.Contains(e.Written, "\n") }

type devicesShow struct {
	page
	Device  deviceRow
	Edit    deviceEdit
	Forged  *forgery // of late; nil when there is none
	History []feedLine
}

// showDevice handles GET /devices/{mac}; for htmx its row alone.
func (s *server) showDevice(c *fiber.Ctx) error {
	d, err := s.deviceParam(c)
	if err != nil {
		return err
	}
	if isFragment(c) {
		row := toDeviceRow(c, d)
		row.Focus = fieldOf(c)
		return s.render(c, "devices/_row", row)
	}
	return s.devicePage(c, d, fleet.DeviceChange{}, nil)
}

// editDevice handles GET /devices/{mac}/edit; for htmx the row with a field as a
// form.
func (s *server) editDevice(c *fiber.Ctx) error {
	d, err := s.deviceParam(c)
	if err != nil {
		return err
	}
	return s.devicePage(c, d, fleet.DeviceChange{}, nil)
}

// fieldOf is the field of a row that a request is about.
func fieldOf(c *fiber.Ctx) string {
	if c.Query("field") == "platform" {
		return "platform"
	}
	return "notes"
}

// devicePage shows a device with the form for what can be changed of it, which
// holds what was typed where that was refused.
func (s *server) devicePage(c *fiber.Ctx, d *fleet.Device, typed fleet.DeviceChange, err error) error {
	e := deviceEdit{deviceRow: toDeviceRow(c, d), Field: fieldOf(c), Chosen: d.Platform, Written: d.Notes}
	if typed.Platform != nil {
		e.Chosen = *typed.Platform
	}
	if typed.Notes != nil {
		e.Written = *typed.Notes
	}
	if e.Errors, err = blame(c, err, "platform", "notes"); err != nil {
		return err
	}
	if e.Errors["platform"] != "" {
		e.Field = "platform"
	}
	if e.Platforms, err = s.Platforms.Names(c.UserContext()); err != nil {
		return err
	}
	if isFragment(c) {
		return s.render(c, "devices/_row_edit", e)
	}
	happened, err := s.History.Of(c.UserContext(), d.MAC, historyShown)
	if err != nil {
		return err
	}
	v := &devicesShow{page: page{Title: d.MAC.String(), Live: live.Device + string(d.MAC) + " " + live.Platform + d.Platform}, Device: e.deviceRow, Edit: e, Forged: lastForgery(happened)}
	for i := range happened {
		v.History = append(v.History, toFeedLine(&happened[i]))
	}
	return s.page(c, "devices/show", v)
}

// updateDevice handles PUT /devices/{mac}. Fields that are not sent keep what
// they are; was-platform and was-notes are what the person saw.
func (s *server) updateDevice(c *fiber.Ctx) error {
	d, err := s.deviceParam(c)
	if err != nil {
		return err
	}
	typed := fleet.DeviceChange{Platform: given(c, "platform"), Notes: given(c, "notes"), By: nameOf(c)}
	if platform, notes := given(c, "was-platform"), given(c, "was-notes"); platform != nil && notes != nil {
		typed.Was = &fleet.DeviceWas{Platform: *platform, Notes: fleet.UnixLines(*notes)}
	}
	if err := s.changeDevice(c, d, typed); err != nil {
		if fault.Is(err, fault.Conflict) { // show it as it is now
			if d, err = s.refound(c, d.MAC, err); d == nil {
				return err
			}
		}
		return s.devicePage(c, d, typed, err)
	}
	sentence := "Device " + d.MAC.String() + " is saved."
	if !isFragment(c) {
		return s.done(c, "/devices/"+string(d.MAC), sentence)
	}
	return s.deviceSaved(c, d.MAC, sentence)
}

// refound is a device as it is after err, which it passes on.
func (s *server) refound(c *fiber.Ctx, mac fleet.MAC, err error) (*fleet.Device, error) {
	d, gone := s.Devices.Find(c.UserContext(), mac)
	if gone != nil {
		return nil, gone
	}
	return d, err
}

// given is a field of a form; nil when the form does not have it.
func given(c *fiber.Ctx, name string) *string {
	args := c.Request().PostArgs()
	if !args.Has(name) {
		return nil
	}
	value := string(args.Peek(name))
	if name == "platform" {
		value = platformField(value)
	}
	return &value
}

// changeDevice saves what a person typed.
func (s *server) changeDevice(c *fiber.Ctx, d *fleet.Device, typed fleet.DeviceChange) error {
	if typed.Notes != nil {
		notes, err := fleet.ParseNotes(*typed.Notes)
		if err != nil {
			return err
		}
		typed.Notes = &notes
	}
	if err := s.Devices.Edit(c.UserContext(), d.MAC, typed); err != nil {
		return err
	}
	s.did(c, "device changed", "device", d.MAC.String())
	s.changedDevices([]fleet.MAC{d.MAC})
	return nil
}

// deviceSaved answers htmx with the row as it is now.
func (s *server) deviceSaved(c *fiber.Ctx, mac fleet.MAC, sentence string) error {
	d, err := s.Devices.Find(c.UserContext(), mac)
	if err != nil {
		return err
	}
	row := toDeviceRow(c, d)
	row.Focus = fieldOf(c)
	return s.doneHere(c, "devices/_row", row, sentence)
}

// deleteDevice handles DELETE /devices/{mac}: all that is known of it goes.
func (s *server) deleteDevice(c *fiber.Ctx) error {
	d, err := s.deviceParam(c)
	if err != nil {
		return err
	}
	if err := s.remove(c, d, fleet.Oblivion); err != nil {
		return err
	}
	s.did(c, "device forgotten", "device", d.MAC.String())
	sentence := "Device " + d.MAC.String() + " is forgotten."
	if isFragment(c) {
		return s.doneHere(c, "", nil, sentence)
	}
	return s.done(c, "/devices", sentence)
}
