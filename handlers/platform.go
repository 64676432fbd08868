package handlers

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
)

type platformsShow struct {
	page
	Platform *fleet.Platform
	Notes    platformNotes
	Versions *versionChart
	Releases releaseTable
	Files    releaseTable // of file systems
	Sketches []sketch
	Password *passwordCard
	Install  *installationCard
	Manifest *manifestCard
	Devices  *deviceTable
	Form     deviceForm
}

// showPlatform handles GET /platforms/{platform}; for htmx its notes or, where
// they are the target, its devices alone.
func (s *server) showPlatform(c *fiber.Ctx) error {
	p, err := s.Platforms.Find(c.UserContext(), platformParam(c))
	if err != nil {
		return err
	}
	v := &platformsShow{page: page{Title: p.Name, Live: live.Platform + p.Name + " " + live.Whitelist}, Platform: p, Notes: platformNotes{Name: p.Name, Notes: p.Notes, MayChange: mayChange(c)}}
	target := c.Get("HX-Target", notesID)
	if isFragment(c) && target == notesID {
		return s.render(c, "platforms/_notes", v.Notes)
	}
	if v.Devices, err = s.whitelist(c, p.Name); err != nil {
		return err
	}
	if isFragment(c) {
		return s.render(c, "devices/_table", v.Devices)
	}
	v.Form = deviceForm{Platform: p.Name, Fixed: true}
	v.Sketches = s.sketches(c, p)
	if v.Password, err = s.passwordCard(c, p); err != nil {
		return err
	}
	if v.Manifest, err = s.manifestCard(c, p); err != nil {
		return err
	}
	if err := s.describePlatform(c.UserContext(), v); err != nil {
		return err
	}
	return s.page(c, "platforms/show", v)
}

// notesID is the element with a platform's notes.
const notesID = "platform-notes"

// whitelist is the part of a platform's devices that is asked for.
func (s *server) whitelist(c *fiber.Ctx, platform string) (*deviceTable, error) {
	q, err := deviceQuery(c)
	if err != nil {
		return nil, err
	}
	q.Platform = platform
	t, err := s.deviceTable(c, "/platforms/"+platform, q)
	if err == nil && q.Search == "" && q.State == "" {
		t.Empty = "No device is on this whitelist yet. Add one by its MAC, or permit one of the new devices."
	}
	return t, err
}

// describePlatform looks up what the platform's page tells beside its whitelist.
func (s *server) describePlatform(ctx context.Context, v *platformsShow) (err error) {
	name := v.Platform.Name
	if v.Releases, v.Files, err = s.releaseTables(ctx, name, v.Notes.MayChange); err != nil {
		return err
	}
	v.Install = newInstallationCard(name, v.Releases.Rows, v.Notes.MayChange)
	now, err := s.History.Running(ctx, name)
	if err != nil {
		return err
	}
	past, err := s.History.Adoption(ctx, name)
	v.Versions = newVersionChart(now, past)
	return err
}
