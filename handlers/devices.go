package handlers

import (
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
)

// pageSize is how many devices a table shows before it offers more.
const pageSize = 100

// deviceTable is a table of devices, or the rows that continue one.
type deviceTable struct {
	Rows  []deviceRow
	More  string // where the next rows are; "" for no more
	Empty string // what is said when there are no rows
}

// deviceRow is one device in a table.
type deviceRow struct {
	fleet.Device
	Key       string // the MAC in addresses and ids
	Mark      mark
	MayChange bool
	Focus     bool // on its edit button, after it was edited
}

func toDeviceRow(c *fiber.Ctx, d *fleet.Device) deviceRow {
	return deviceRow{Device: *d, Key: string(d.MAC), Mark: marks[d.State(time.Now())], MayChange: mayChange(c)}
}

// Reported is the name of the platform that the device asked for, when that is
// another than the one it is on.
func (d deviceRow) Reported() string {
	if fleet.FoldPlatformName(d.RequestedPlatform) == d.Platform {
		return ""
	}
	return d.RequestedPlatform
}

// LastAnswer says in words what the device got at its last check-in.
func (d deviceRow) LastAnswer() string { return answers[ota.Reason(d.Reason)] }

// deviceTable is the permitted devices that a query asks for.
func (s *server) deviceTable(c *fiber.Ctx, q fleet.DeviceQuery) (t deviceTable, err error) {
	q.Permitted, q.Limit = true, pageSize+1
	list, err := s.Devices.List(c.UserContext(), q)
	if err != nil {
		return t, err
	}
	if len(list) > pageSize {
		list = list[:pageSize]
		t.More = "/devices?" + url.Values{"platform": {q.Platform}, "q": {q.Search}, "state": {string(q.State)}, "after": {string(list[pageSize-1].MAC)}}.Encode()
	}
	t.Empty = "No device is on a whitelist yet. Add one by its MAC, or permit one of the new devices."
	if q.Platform != "" || q.Search != "" || q.State != "" || q.After != "" {
		t.Empty = "No permitted device matches."
	}
	for i := range list {
		t.Rows = append(t.Rows, toDeviceRow(c, &list[i]))
	}
	return t, nil
}

type devicesIndex struct {
	page
	Platform  string
	Search    string
	Platforms []fleet.Platform
	Table     deviceTable
}

// listDevices handles GET /devices; for htmx the rows alone.
func (s *server) listDevices(c *fiber.Ctx) error {
	q, err := deviceQuery(c)
	if err != nil {
		return err
	}
	v := &devicesIndex{page: page{Title: "Devices"}, Platform: q.Platform, Search: q.Search}
	if v.Table, err = s.deviceTable(c, q); err != nil {
		return err
	}
	if isFragment(c) {
		return s.render(c, "devices/_rows", v.Table)
	}
	if v.Platforms, err = s.Platforms.List(c.UserContext()); err != nil {
		return err
	}
	return s.page(c, "devices/index", v)
}

// deviceForm adds a device to a whitelist.
type deviceForm struct {
	MAC       string
	Platform  string
	Notes     string
	Platforms []fleet.Platform // to choose from
	Fixed     bool             // the form stands on the page of the platform
	Elsewhere bool             // the device is on another whitelist
	Focus     bool             // ready for the next device
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
	if f.Platforms, err = s.Platforms.List(c.UserContext()); err != nil {
		return err
	}
	v := &devicesNew{page: page{Title: "Add a device"}, Form: f}
	return s.show(c, "devices/new", v, "devices/_form", f)
}

// createDevice handles POST /devices: a device joins a whitelist before it was
// ever seen.
func (s *server) createDevice(c *fiber.Ctx) error {
	f := deviceForm{
		MAC: c.FormValue("mac"), Platform: c.FormValue("platform"), Notes: c.FormValue("notes"), Fixed: c.FormValue("fixed") == "1",
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
	if err := s.Devices.Add(c.UserContext(), mac, f.Platform, notes, move); err != nil {
		return "", err
	}
	s.did(c, "device permitted", "device", mac.String(), "platform", f.Platform)
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
	if f.Platforms, err = s.Platforms.List(c.UserContext()); err != nil {
		return err
	}
	return s.doneHere(c, "devices/_added", deviceAdded{Form: f, Row: toDeviceRow(c, d)}, sentence)
}

// deviceParam is the device that a path names.
func (s *server) deviceParam(c *fiber.Ctx) (*fleet.Device, error) {
	mac, err := macParam(c)
	if err != nil {
		return nil, err
	}
	return s.Devices.Find(c.UserContext(), mac)
}
