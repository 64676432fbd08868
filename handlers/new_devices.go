package handlers

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
)

// newDevicesShown is how many new devices the page lists.
const newDevicesShown = 200

type newDevicesIndex struct {
	page
	Rows []newDeviceRow
	Left int // that are not shown
}

// newDeviceRow is a device on no whitelist, with what it can be permitted on.
type newDeviceRow struct {
	deviceRow
	Platforms []fleet.Platform
	Chosen    string // platform, by what it asked for
	Create    string // platform that it asked for and that does not exist
	Errors    problems
}

func toNewDeviceRow(c *fiber.Ctx, d *fleet.Device, platforms []fleet.Platform) newDeviceRow {
	r := newDeviceRow{deviceRow: toDeviceRow(c, d), Platforms: platforms}
	name, ok := fleet.DevicePlatformName(d.RequestedPlatform)
	if !ok {
		return r
	}
	r.Chosen = name
	if !slices.ContainsFunc(platforms, func(p fleet.Platform) bool { return p.Name == name }) {
		r.Create = name
	}
	return r
}

// listNewDevices handles GET /new-devices.
func (s *server) listNewDevices(c *fiber.Ctx) error {
	list, err := s.Devices.ListNew(c.UserContext(), newDevicesShown)
	if err != nil {
		return err
	}
	platforms, err := s.Platforms.List(c.UserContext())
	if err != nil {
		return err
	}
	total, err := s.Devices.CountNew(c.UserContext())
	if err != nil {
		return err
	}
	v := &newDevicesIndex{page: page{Title: "New devices"}, Left: max(0, total-len(list))}
	for i := range list {
		v.Rows = append(v.Rows, toNewDeviceRow(c, &list[i], platforms))
	}
	return s.page(c, "new-devices/index", v)
}

type newDevicesShow struct {
	page
	Row newDeviceRow
}

// refusedPermit shows a new device again with what is wrong with the permit.
func (s *server) refusedPermit(c *fiber.Ctx, d *fleet.Device, chosen string, err error) error {
	wrong, err := blame(c, err, "platform")
	if err != nil {
		return err
	}
	platforms, err := s.Platforms.List(c.UserContext())
	if err != nil {
		return err
	}
	row := toNewDeviceRow(c, d, platforms)
	row.Chosen, row.Errors = chosen, wrong
	v := &newDevicesShow{page: page{Title: "Permit " + d.MAC.String()}, Row: row}
	return s.show(c, "new-devices/show", v, "new-devices/_row", row)
}
