package handlers

import (
	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
)

type devicesIndex struct {
	page
	Platforms []string
	Table     *deviceTable
}

// listDevices handles GET /devices; for htmx the table alone.
func (s *server) listDevices(c *fiber.Ctx) error {
	q, err := deviceQuery(c)
	if err != nil {
		return err
	}
	v := &devicesIndex{page: page{Title: "Devices", Live: live.Fleet + " " + live.Device}}
	if v.Table, err = s.deviceTable(c, "/devices", q); err != nil {
		return err
	}
	if isFragment(c) {
		return s.render(c, "devices/_table", v.Table)
	}
	if v.Platforms, err = s.Platforms.Names(c.UserContext()); err != nil {
		return err
	}
	return s.page(c, "devices/index", v)
}

// deviceForm adds a device to a whitelist.
type deviceForm struct {
	MAC       string
	Platform  string
	Notes     string
	Platforms []string // to choose from
	Fixed     bool     // the form stands on the page of the platform
	Elsewhere bool     // the device is on another whitelist
	Focus     bool     // ready for the next device
	Errors    problems
}

type devicesNew struct {
	page
	Form deviceForm
}

// newDevice handles GET /devices/new.
func (s *server) newDevice(c *fiber.Ctx) error {
	return s.deviceForm(c, deviceForm{Platform: c.Query("platform")}, nil)
}

func (s *server) deviceForm(c *fiber.Ctx, f deviceForm, err error) error {
	f.Elsewhere = fault.Is(err, fault.Conflict)
	if f.Errors, err = blame(c, err, "mac", "platform", "notes"); err != nil {
		return err
	}
	if f.Platforms, err = s.Platforms.Names(c.UserContext()); err != nil {
		return err
	}
	v := &devicesNew{page: page{Title: "Add a device"}, Form: f}
	return s.show(c, "devices/new", v, "devices/_form", f)
}

// createDevice handles POST /devices: a device joins a whitelist before it was
// ever seen.
func (s *server) createDevice(c *fiber.Ctx) error {
	f := deviceForm{
		MAC: c.FormValue("mac"), Platform: platformField(c.FormValue("platform")), Notes: c.FormValue("notes"), Fixed: c.FormValue("fixed") == "1",
	}
	mac, err := s.addDevice(c, &f, c.FormValue("move") == "1")
	if err != nil {
		return s.deviceForm(c, f, err)
	}
	sentence := "Device " + mac.String() + " is permitted on " + f.Platform + "."
	if !isFragment(c) {
		return s.done(c, "/platforms/"+f.Platform, sentence)
	}
	return s.deviceAdded(c, mac, deviceForm{Platform: f.Platform, Fixed: f.Fixed, Focus: true}, sentence)
}

func (s *server) addDevice(c *fiber.Ctx, f *deviceForm, move bool) (fleet.MAC, error) {
	mac, err := fleet.ParseMAC(f.MAC)
	if err != nil {
		return "", err
	}
	notes, err := fleet.ParseNotes(f.Notes)
	if err != nil {
		return "", err
	}
	if f.Platform == "" {
		return "", fault.Field("platform", "Choose the platform whose firmware the device is to get.")
	}
	if err := s.Devices.Add(c.UserContext(), mac, f.Platform, notes, nameOf(c), move); err != nil {
		return "", err
	}
	s.did(c, "device permitted", "device", mac.String(), "platform", f.Platform)
	s.changedDevices([]fleet.MAC{mac})
	return mac, nil
}

// deviceAdded is the answer for htmx: the form, empty again, and the new row.
type deviceAdded struct {
	Form deviceForm
	Row  deviceRow
}

func (s *server) deviceAdded(c *fiber.Ctx, mac fleet.MAC, f deviceForm, sentence string) error {
	d, err := s.Devices.Find(c.UserContext(), mac)
	if err != nil {
		return err
	}
	if f.Platforms, err = s.Platforms.Names(c.UserContext()); err != nil {
		return err
	}
	return s.doneHere(c, "devices/_added", deviceAdded{Form: f, Row: toDeviceRow(c, d)}, sentence)
}

// changedDevices tells open pages that people changed devices. When there are too
// many to name one by one, the pages look at everything anew.
func (s *server) changedDevices(macs []fleet.MAC) {
	if len(macs) == 0 || len(macs) > pageSize {
		s.changed(live.Resync)
		return
	}
	topics := []string{live.Fleet, live.Whitelist, live.Feed}
	for _, mac := range macs {
		topics = append(topics, live.Device+string(mac))
	}
	s.changed(topics...)
}

// deviceParam is the device that a path names.
func (s *server) deviceParam(c *fiber.Ctx) (*fleet.Device, error) {
	mac, err := macParam(c)
	if err != nil {
		return nil, err
	}
	return s.Devices.Find(c.UserContext(), mac)
}
