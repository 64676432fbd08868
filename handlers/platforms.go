package handlers

import (
	"context"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
)

type platformsIndex struct {
	page
	Platforms []platformRow
}

// platformRow is one platform in the table of all.
type platformRow struct {
	fleet.Platform
	Behind int64 // devices
}

// listPlatforms handles GET /platforms.
func (s *server) listPlatforms(c *fiber.Ctx) error {
	list, err := s.Platforms.List(c.UserContext())
	if err != nil {
		return err
	}
	stats, err := s.stats.get(c.UserContext(), s.lastChanged(), s.Devices.Stats)
	if err != nil {
		return err
	}
	behind := map[string]int64{}
	for _, g := range stats.Groups {
		if g.State == fleet.Behind {
			behind[g.Platform] += g.Devices
		}
	}
	v := &platformsIndex{page: page{Title: "Platforms", Live: live.Platform + " " + live.Whitelist + " " + live.Counted}}
	for _, p := range list {
		v.Platforms = append(v.Platforms, platformRow{p, behind[p.Name]})
	}
	return s.page(c, "platforms/index", v)
}

type platformsNew struct {
	page
	Form platformForm
}

type platformForm struct {
	Name   string
	Notes  string
	Errors problems
}

// newPlatform handles GET /platforms/new.
func (s *server) newPlatform(c *fiber.Ctx) error {
	return s.platformForm(c, platformForm{Name: c.Query("name")}, nil)
}

func (s *server) platformForm(c *fiber.Ctx, f platformForm, err error) error {
	if f.Errors, err = blame(c, err, "name", "notes"); err != nil {
		return err
	}
	v := &platformsNew{page: page{Title: "New platform"}, Form: f}
	return s.show(c, "platforms/new", v, "platforms/_form", v.Form)
}

// createPlatform handles POST /platforms.
func (s *server) createPlatform(c *fiber.Ctx) error {
	f := platformForm{Name: c.FormValue("name"), Notes: c.FormValue("notes")}
	name, err := s.addPlatform(c, f.Name, f.Notes)
	if err != nil {
		return s.platformForm(c, f, err)
	}
	return s.done(c, "/platforms/"+name, "Platform "+name+" is created.")
}

func (s *server) addPlatform(c *fiber.Ctx, name, notes string) (string, error) {
	name, err := fleet.ParsePlatformName(name)
	if err != nil {
		return "", err
	}
	if notes, err = fleet.ParseNotes(notes); err != nil {
		return "", err
	}
	if err := s.Platforms.Create(c.UserContext(), name, notes); err != nil {
		return "", err
	}
	s.did(c, "platform created", "platform", name)
	s.changed(live.Platform+name, live.Fleet)
	return name, nil
}

// platformNotes is the notes of a platform, to read and to edit.
type platformNotes struct {
	Name      string
	Notes     string
	MayChange bool
	Errors    problems
}

type platformsEdit struct {
	page
	Notes platformNotes
}

// editPlatform handles GET /platforms/{platform}/edit.
func (s *server) editPlatform(c *fiber.Ctx) error {
	p, err := s.Platforms.Find(c.UserContext(), platformParam(c))
	if err != nil {
		return err
	}
	return s.platformNotes(c, platformNotes{Name: p.Name, Notes: p.Notes}, nil)
}

func (s *server) platformNotes(c *fiber.Ctx, n platformNotes, err error) error {
	if n.Errors, err = blame(c, err, "notes"); err != nil {
		return err
	}
	v := &platformsEdit{page: page{Title: "Notes of " + n.Name}, Notes: n}
	return s.show(c, "platforms/edit", v, "platforms/_notes_edit", n)
}

// updatePlatform handles PUT /platforms/{platform}.
func (s *server) updatePlatform(c *fiber.Ctx) error {
	n := platformNotes{Name: platformParam(c), Notes: c.FormValue("notes"), MayChange: true}
	notes, err := fleet.ParseNotes(n.Notes)
	if err == nil {
		n.Notes = notes
		err = s.Platforms.SetNotes(c.UserContext(), n.Name, notes)
	}
	if err != nil {
		return s.platformNotes(c, n, err)
	}
	s.did(c, "platform edited", "platform", n.Name)
	s.changed(live.Platform + n.Name)
	if isFragment(c) {
		return s.doneHere(c, "platforms/_notes", n, "The notes are saved.")
	}
	return s.done(c, "/platforms/"+n.Name, "The notes are saved.")
}

type platformsDelete struct {
	page
	Platform *fleet.Platform
	Releases int
}

// askDeletePlatform handles GET /platforms/{platform}/delete.
func (s *server) askDeletePlatform(c *fiber.Ctx) error {
	p, releases, err := s.findPlatform(c.UserContext(), platformParam(c))
	if err != nil {
		return err
	}
	return s.page(c, "platforms/delete", &platformsDelete{page: page{Title: "Delete " + p.Name}, Platform: p, Releases: releases})
}

// findPlatform is a platform with the number of its releases.
func (s *server) findPlatform(ctx context.Context, name string) (*fleet.Platform, int, error) {
	p, err := s.Platforms.Find(ctx, name)
	if err != nil {
		return nil, 0, err
	}
	list, err := s.Releases.List(ctx, name)
	if err != nil {
		return nil, 0, err
	}
	files, err := s.Releases.Filesystems(ctx, name)
	return p, len(list) + len(files), err
}

// deletePlatform handles DELETE /platforms/{platform}.
func (s *server) deletePlatform(c *fiber.Ctx) error {
	p, releases, err := s.findPlatform(c.UserContext(), platformParam(c))
	if err != nil {
		return err
	}
	if err := s.Platforms.Delete(c.UserContext(), p.Name); err != nil {
		return err
	}
	s.did(c, "platform deleted", "platform", p.Name)
	s.changed(live.Platform+p.Name, live.Fleet, live.Resync) // each of its devices changed
	sentence := fmt.Sprintf("Platform %s is deleted, with %s", p.Name, count(int64(releases), "release"))
	if p.Devices > 0 {
		sentence += "; " + countAre(p.Devices, "device") + " now on no whitelist"
	}
	return s.done(c, "/platforms", sentence+".")
}
