package handlers

import (
	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
	"esp-update-server/app/release"
)

type apiPlatform struct {
	Name       string  `json:"name"`
	Notes      string  `json:"notes"`
	Version    *string `json:"version"`
	Devices    int64   `json:"devices"`
	Downloads  int64   `json:"downloads"`
	CreatedAt  *string `json:"created_at"`
	ReleasedAt *string `json:"released_at"`
}

func toAPIPlatform(p *fleet.Platform) apiPlatform {
	return apiPlatform{
		Name: p.Name, Notes: p.Notes, Version: orNull(p.Version), Devices: p.Devices, Downloads: p.Downloads,
		CreatedAt: stamp(&p.CreatedAt), ReleasedAt: stamp(p.ReleasedAt),
	}
}

type apiPlatformChange struct {
	Name  string  `json:"name"`
	Notes *string `json:"notes"`
}

// apiPlatforms handles GET /api/v1/platforms.
func (s *server) apiPlatforms(c *fiber.Ctx) error {
	list, err := s.Platforms.List(c.UserContext())
	if err != nil {
		return err
	}
	out := make([]apiPlatform, len(list))
	for i := range list {
		out[i] = toAPIPlatform(&list[i])
	}
	return c.JSON(fiber.Map{"platforms": out})
}

// apiCreatePlatform handles POST /api/v1/platforms.
func (s *server) apiCreatePlatform(c *fiber.Ctx) error {
	var in apiPlatformChange
	if err := readJSON(c, &in); err != nil {
		return err
	}
	name, err := fleet.ParsePlatformName(in.Name)
	if err != nil {
		return err
	}
	notes := ""
	if in.Notes != nil {
		if notes, err = fleet.ParseNotes(*in.Notes); err != nil {
			return err
		}
	}
	if err := s.Platforms.Create(c.UserContext(), name, notes); err != nil {
		return err
	}
	s.did(c, "platform created", "platform", name)
	s.changed(live.Platform+name, live.Fleet)
	return s.answerPlatform(c.Status(fiber.StatusCreated), name)
}

// apiPlatform handles GET /api/v1/platforms/{name}.
func (s *server) apiPlatform(c *fiber.Ctx) error { return s.answerPlatform(c, platformParam(c)) }

func (s *server) answerPlatform(c *fiber.Ctx, name string) error {
	p, err := s.Platforms.Find(c.UserContext(), name)
	if err != nil {
		return err
	}
	return c.JSON(toAPIPlatform(p))
}

// apiEditPlatform handles PATCH /api/v1/platforms/{name}.
func (s *server) apiEditPlatform(c *fiber.Ctx) error {
	var in apiPlatformChange
	if err := readJSON(c, &in); err != nil {
		return err
	}
	name := platformParam(c)
	if in.Notes != nil {
		notes, err := fleet.ParseNotes(*in.Notes)
		if err != nil {
			return err
		}
		if err := s.Platforms.SetNotes(c.UserContext(), name, notes); err != nil {
			return err
		}
		s.did(c, "platform edited", "platform", name)
		s.changed(live.Platform+name, live.Fleet)
	}
	return s.answerPlatform(c, name)
}

// apiDeletePlatform handles DELETE /api/v1/platforms/{name}.
func (s *server) apiDeletePlatform(c *fiber.Ctx) error {
	name := platformParam(c)
	if err := s.Platforms.Delete(c.UserContext(), name); err != nil {
		return err
	}
	s.did(c, "platform deleted", "platform", name)
	s.changed(live.Platform+name, live.Fleet, live.Resync) // each of its devices changed
	return c.SendStatus(fiber.StatusNoContent)
}

// apiRelease is one release of a platform in the API.
type apiRelease struct {
	Filesystem  string  `json:"filesystem,omitempty"`
	Version     string  `json:"version"`
	Offered     bool    `json:"offered"`
	Size        int64   `json:"size"`
	MD5         string  `json:"md5"`
	SHA256      string  `json:"sha256"`
	Chip        string  `json:"chip"`
	Downloads   int64   `json:"downloads"`
	PublishedAt *string `json:"published_at"`
	PublishedBy string  `json:"published_by"`
}

// apiReleases handles GET /api/v1/platforms/{name}/releases.
func (s *server) apiReleases(c *fiber.Ctx) error {
	name := platformParam(c)
	if _, err := s.Platforms.Find(c.UserContext(), name); err != nil {
		return err
	}
	list, err := s.Releases.List(c.UserContext(), name)
	if err != nil {
		return err
	}
	files, err := s.Releases.Filesystems(c.UserContext(), name)
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"releases": toAPIReleases(list), "filesystems": toAPIReleases(files)})
}

func toAPIReleases(list []release.Release) []apiRelease {
	out := []apiRelease{}
	for _, r := range list {
		for _, i := range r.Images {
			out = append(out, apiRelease{
				Filesystem: r.Filesystem, Version: r.Version.String(), Offered: r.Offered, Size: i.Size, MD5: i.MD5, SHA256: i.SHA256, Chip: i.Chip,
				Downloads: r.Downloads, PublishedAt: stamp(&r.PublishedAt), PublishedBy: r.PublishedBy,
			})
		}
	}
	return out
}
