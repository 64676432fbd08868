package handlers

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
)

type newDevicesIndex struct {
	page
	Table   *deviceTable
	Rows    []newDeviceRow
	Ignored bool  // it shows those that are ignored
	Others  int64 // new devices that are ignored, or wait when these are shown
}

// newDeviceRow is a device on no whitelist, with what it can be permitted on.
type newDeviceRow struct {
	deviceRow
	Platforms []string
	Chosen    string // platform, by what it asked for
	Create    string // platform that it asked for and that does not exist
	Ignored   bool
	Errors    problems
}

func toNewDeviceRow(r deviceRow, platforms []string) newDeviceRow {
	n := newDeviceRow{deviceRow: r, Platforms: platforms}
	n.Ignored = r.IgnoredPlatform != nil && *r.IgnoredPlatform == r.RequestedPlatform
	name, ok := fleet.DevicePlatformName(r.RequestedPlatform)
	if !ok {
		return n
	}
	n.Chosen = name
	if !slices.Contains(platforms, name) {
		n.Create = name
	}
	return n
}

// listNewDevices handles GET /new-devices, the latest first; for htmx the table
// alone.
func (s *server) listNewDevices(c *fiber.Ctx) error {
	q, err := deviceQuery(c)
	if err != nil {
		return err
	}
	v := &newDevicesIndex{page: page{Title: "New devices", Live: live.Fleet + " " + live.Device}, Ignored: c.Query("ignored") == "1"}
	q.Platform, q.State, q.Limit, q.Ignored = "", fleet.New, pageSize, &v.Ignored
	q.Sort, q.Descending = fleet.ByFirstSeen, true
	if err := s.fillQueue(c, v, q); err != nil {
		return err
	}
	return s.show(c, "new-devices/index", v, "new-devices/_table", v)
}

func (s *server) fillQueue(c *fiber.Ctx, v *newDevicesIndex, q fleet.DeviceQuery) error {
	v.Table = &deviceTable{Home: "/new-devices", Query: q, MayChange: mayChange(c)}
	if err := s.fillTable(c.UserContext(), v.Table); err != nil {
		return err
	}
	platforms, err := s.Platforms.Names(c.UserContext())
	if err != nil {
		return err
	}
	for _, r := range v.Table.Rows {
		v.Rows = append(v.Rows, toNewDeviceRow(r, platforms))
	}
	if v.Table.Total, err = s.countQueue(c, v.Ignored); err != nil {
		return err
	}
	v.Others, err = s.countQueue(c, !v.Ignored)
	return err
}

// countQueue is how many new devices wait for a decision, or are ignored.
func (s *server) countQueue(c *fiber.Ctx, ignored bool) (int64, error) {
	q := fleet.DeviceQuery{State: fleet.New, Ignored: &ignored}
	return s.Devices.CountSelected(c.UserContext(), fleet.Selection{Query: &q})
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
	platforms, err := s.Platforms.Names(c.UserContext())
	if err != nil {
		return err
	}
	row := toNewDeviceRow(toDeviceRow(c, d), platforms)
	row.Chosen, row.Errors = chosen, wrong
	v := &newDevicesShow{page: page{Title: "Permit " + d.MAC.String()}, Row: row}
	return s.show(c, "new-devices/show", v, "new-devices/_row", row)
}
