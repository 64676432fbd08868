package handlers

import (
	"context"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
	"esp-update-server/app/release"
)

// releaseRow is one image of a release in the history of a platform.
type releaseRow struct {
	*release.Release
	Image     *release.Image
	Findings  findingsView
	Packed    int64 // devices that got it compressed
	MayChange bool
}

// releaseTable is what was released of a platform, applications or file systems.
type releaseTable struct {
	Filesystems bool
	Rows        []releaseRow
	MayChange   bool
}

// releaseTables is the history of a platform, the highest version first.
func (s *server) releaseTables(ctx context.Context, platform string, mayChange bool) (applications, filesystems releaseTable, err error) {
	list, err := s.Releases.List(ctx, platform)
	if err != nil {
		return applications, filesystems, err
	}
	packed, err := s.History.CompressedFor(ctx, platform)
	if err != nil {
		return applications, filesystems, err
	}
	applications = releaseTable{Rows: releaseRows(list, packed, mayChange), MayChange: mayChange}
	list, err = s.Releases.Filesystems(ctx, platform)
	return applications, releaseTable{Filesystems: true, Rows: releaseRows(list, nil, mayChange), MayChange: mayChange}, err
}

// releaseRows is a row for each image, with how many devices got it compressed, by
// version.
func releaseRows(list []release.Release, packed map[string]int64, mayChange bool) (rows []releaseRow) {
	for r := range list {
		for i := range list[r].Images {
			image := &list[r].Images[i]
			rows = append(rows, releaseRow{Release: &list[r], Image: image, Findings: sortFindings(image.Inspection), MayChange: mayChange, Packed: packed[list[r].Version.String()]})
		}
	}
	return rows
}

// downloadFirmware handles GET /platforms/{platform}/releases/{version}/firmware:
// the image as it was published. Of several, chip= says which, and filesystem=
// its type where it is no application.
func (s *server) downloadFirmware(c *fiber.Ctx) error {
	v, err := versionParam(c)
	if err != nil {
		return err
	}
	r, err := s.Releases.Find(c.UserContext(), platformParam(c), filesystemField(c.Query("filesystem")), v)
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
	image, err := s.images.bytes(c.UserContext(), i.SHA256)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEOctetStream)
	c.Set(fiber.HeaderContentDisposition, fmt.Sprintf("attachment; filename=%q", r.Filename(i)))
	return c.Send(image.data)
}

// publishFirmware handles POST /platforms/{platform}/firmware: it publishes a
// draft.
func (s *server) publishFirmware(c *fiber.Ctx) error {
	r, err := s.publishDraft(c, c.FormValue("upload"))
	if err != nil {
		if r == nil {
			return err
		}
		return s.refusedReport(c, r, unprocessable(err))
	}
	if r.Platform, err = s.Platforms.Find(c.UserContext(), r.Assessment.Platform); err != nil {
		return err
	}
	sentence := r.Done()
	if !isFragment(c) {
		return s.done(c, "/platforms/"+r.Platform.Name, sentence)
	}
	c.Set("HX-Replace-Url", "/uploads/new")
	return s.doneHere(c, "uploads/_published", r, sentence)
}

// publishDraft publishes a draft of the person who asks. When it is refused its
// report comes with the error.
func (s *server) publishDraft(c *fiber.Ctx, id string) (*uploadReport, error) {
	d, err := s.Drafts.Find(c.UserContext(), id, userOf(c).ID)
	if err != nil {
		return nil, err
	}
	u := d.Upload()
	u.Platform = platformParam(c)
	a, err := s.Publisher.Assess(c.UserContext(), u)
	if err != nil {
		return nil, err
	}
	return &uploadReport{Assessment: a, Draft: d.ID, Number: fileNumber(c.FormValue("number"))}, s.publish(c, a, d.ID)
}
