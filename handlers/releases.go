package handlers

import (
	"context"
	"fmt"
	"net/url"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
)

// releaseRow is one image of a release in the history of a platform.
type releaseRow struct {
	*release.Release
	Image     *release.Image
	Passed    int // findings
	Warned    int
	MayChange bool
}

// releaseRows is the history of a platform, the highest version first.
func (s *server) releaseRows(ctx context.Context, platform string, mayChange bool) ([]releaseRow, error) {
	list, err := s.Releases.List(ctx, platform)
	if err != nil {
		return nil, err
	}
	var rows []releaseRow
	for r := range list {
		for i := range list[r].Images {
			row := releaseRow{Release: &list[r], Image: &list[r].Images[i], MayChange: mayChange}
			for _, f := range row.Image.Inspection.Findings {
				switch f.Status {
				case firmware.Pass:
					row.Passed++
				case firmware.Warn:
					row.Warned++
				}
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// downloadFirmware handles GET /platforms/{platform}/releases/{version}/firmware:
// the image as it was published. Of several, chip= says which.
func (s *server) downloadFirmware(c *fiber.Ctx) error {
	text, err := url.PathUnescape(c.Params("version"))
	if err != nil {
		return fiber.ErrNotFound
	}
	v, err := version.Parse(text)
	if err != nil {
		return fiber.ErrNotFound
	}
	r, err := s.Releases.Find(c.UserContext(), platformParam(c), v)
	if err != nil {
		return err
	}
	for i := range r.Images {
		if chip := c.Query("chip"); chip == "" || chip == r.Images[i].Chip {
			return s.sendFirmware(c, r, &r.Images[i])
		}
	}
	return fault.New(fault.NotFound, "%s %s has no image for that chip.", r.Platform, r.Version)
}

func (s *server) sendFirmware(c *fiber.Ctx, r *release.Release, i *release.Image) error {
	data, err := s.images.bytes(c.UserContext(), i.SHA256)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEOctetStream)
	c.Set(fiber.HeaderContentDisposition, fmt.Sprintf("attachment; filename=%q", r.Filename(i)))
	return c.Send(data)
}

// publishFirmware handles POST /platforms/{platform}/firmware: it publishes a
// draft.
func (s *server) publishFirmware(c *fiber.Ctx) error {
	ctx, id := c.UserContext(), c.FormValue("upload")
	d, err := s.Drafts.Find(ctx, id, userOf(c).ID)
	if err != nil {
		return err
	}
	u := d.Upload()
	u.Platform = platformParam(c)
	a, err := s.Publisher.Assess(ctx, u)
	if err != nil {
		return err
	}
	if err := s.publish(c, a, d.ID); err != nil {
		return s.refusedReport(c, a, unprocessable(err))
	}
	p, err := s.Platforms.Find(ctx, a.Platform)
	if err != nil {
		return err
	}
	return s.done(c, "/platforms/"+a.Platform, fmt.Sprintf("%s %s is published: %s.", a.Platform, a.Version, audience(p)))
}
