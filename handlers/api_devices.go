package handlers

import (
	"encoding/json"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

// The number of devices that one answer of the API lists.
const (
	apiLimit    = 100
	apiMaxLimit = 1000
)

type apiDevice struct {
	MAC               string      `json:"mac"`
	Platform          *string     `json:"platform"`
	Notes             string      `json:"notes"`
	Version           string      `json:"version"`
	RequestedPlatform string      `json:"requested_platform"`
	IP                string      `json:"ip"`
	FirstSeen         *string     `json:"first_seen"`
	LastSeen          *string     `json:"last_seen"`
	State             fleet.State `json:"state"`
}

func toAPIDevice(d *fleet.Device) apiDevice {
	return apiDevice{
		MAC: d.MAC.String(), Platform: orNull(d.Platform), Notes: d.Notes, Version: d.Version,
		RequestedPlatform: d.RequestedPlatform, IP: d.IP,
		FirstSeen: stamp(d.FirstSeen), LastSeen: stamp(d.LastSeen), State: d.State(time.Now()),
	}
}

// apiDevices handles GET /api/v1/devices.
func (s *server) apiDevices(c *fiber.Ctx) error {
	q, err := deviceQuery(c)
	if err != nil {
		return err
	}
	q.Sort, q.Descending, q.Before, q.Last = fleet.ByMAC, false, "", false
	page, err := s.Devices.Page(c.UserContext(), q)
	if err != nil {
		return err
	}
	next := ""
	if page.After && len(page.Devices) > 0 {
		next = page.Devices[len(page.Devices)-1].MAC.String()
	}
	out := make([]apiDevice, len(page.Devices))
	for i := range page.Devices {
		out[i] = toAPIDevice(&page.Devices[i])
	}
	return c.JSON(fiber.Map{"devices": out, "next": next})
}

// apiDevice handles GET /api/v1/devices/{mac}.
func (s *server) apiDevice(c *fiber.Ctx) error {
	mac, err := macParam(c)
	if err != nil {
		return err
	}
	return s.answerDevice(c, mac)
}

func (s *server) answerDevice(c *fiber.Ctx, mac fleet.MAC) error {
	d, err := s.Devices.Find(c.UserContext(), mac)
	if err != nil {
		return err
	}
	return c.JSON(toAPIDevice(d))
}

// apiDeviceChange tells an absent field from null, which revokes.
type apiDeviceChange struct {
	Platform json.RawMessage `json:"platform"`
	Notes    *string         `json:"notes"`
}

func (in *apiDeviceChange) change() (c fleet.DeviceChange, err error) {
	if in.Platform != nil {
		var name *string
		if err := json.Unmarshal(in.Platform, &name); err != nil {
			return c, fault.Field("platform", "The platform is a name, or null for none.")
		}
		c.Platform = new(string)
		if name != nil {
			folded, ok := fleet.DevicePlatformName(*name)
			if !ok {
				return c, fault.Field("platform", "%q is no platform name.", fleet.Cut(*name, fleet.MaxReported))
			}
			*c.Platform = folded
		}
	}
	if in.Notes != nil {
		notes, err := fleet.ParseNotes(*in.Notes)
		if err != nil {
			return c, err
		}
		c.Notes = &notes
	}
	return c, nil
}

// apiPutDevice handles PUT /api/v1/devices/{mac}.
func (s *server) apiPutDevice(c *fiber.Ctx) error {
	mac, err := macParam(c)
	if err != nil {
		return err
	}
	var in apiDeviceChange
	if err := readJSON(c, &in); err != nil {
		return err
	}
	change, err := in.change()
	if err != nil {
		return err
	}
	change.By = nameOf(c)
	created, err := s.Devices.Change(c.UserContext(), mac, change)
	if err != nil {
		return err
	}
	s.did(c, "device changed", "device", mac.String())
	s.changedDevices([]fleet.MAC{mac})
	if created {
		c.Status(fiber.StatusCreated)
	}
	return s.answerDevice(c, mac)
}

// apiForgetDevice handles DELETE /api/v1/devices/{mac}.
func (s *server) apiForgetDevice(c *fiber.Ctx) error {
	mac, err := macParam(c)
	if err != nil {
		return err
	}
	if err := s.Devices.Forget(c.UserContext(), mac); err != nil {
		return err
	}
	s.did(c, "device forgotten", "device", mac.String())
	s.changedDevices([]fleet.MAC{mac})
	return c.SendStatus(fiber.StatusNoContent)
}
