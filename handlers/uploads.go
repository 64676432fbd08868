package handlers

import (
	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
)

type uploadsNew struct {
	page
	MaxSize int64
	Report  *uploadReport // of the file that was sent; nil before
}

// uploadReport is what was found out about a file, and what can be done next.
type uploadReport struct {
	Assessment *release.Assessment
	Refusal    string // "" when it can be published
	Draft      string // its id, when it can
	Audience   string // who would be offered it, in words
}

// Inspection is what was found in the file; nil when it was not even read.
func (r *uploadReport) Inspection() *firmware.Inspection {
	if r.Assessment == nil {
		return nil
	}
	return r.Assessment.Inspection
}

// newUpload handles GET /uploads/new.
func (s *server) newUpload(c *fiber.Ctx) error { return s.uploadPage(c, nil) }

// uploadPage shows where files are dropped, and the report on the last one.
func (s *server) uploadPage(c *fiber.Ctx, r *uploadReport) error {
	v := &uploadsNew{page: page{Title: "Upload firmware"}, MaxSize: s.MaxFirmware, Report: r}
	return s.show(c, "uploads/new", v, "uploads/_report", r)
}

// createUpload handles POST /uploads: it inspects a file and keeps it as a
// draft when it can be published. Of a refused file nothing is kept.
func (s *server) createUpload(c *fiber.Ctx) error {
	form, err := s.readUpload(c)
	if err != nil {
		return s.refusedReport(c, nil, err)
	}
	a, err := s.assess(c, form)
	if err != nil {
		return err
	}
	if a.Refusal != nil {
		return s.refusedReport(c, a, a.Refusal)
	}
	d := &release.Draft{
		ID: account.NewID(), UserID: userOf(c).ID, Data: a.Data, Inspection: a.Inspection,
		Platform: form.Platform, Version: form.Version, Accept: form.Accept,
	}
	if err := s.Drafts.Save(c.UserContext(), d); err != nil {
		return err
	}
	to := "/uploads/" + d.ID
	if !isFragment(c) {
		return s.goTo(c, to)
	}
	c.Set("HX-Replace-Url", to)
	return s.readyReport(c, a, d.ID)
}

// assess inspects a file, for a platform that is created first when the person
// asked for that.
func (s *server) assess(c *fiber.Ctx, form *uploadForm) (*release.Assessment, error) {
	a, err := s.Publisher.Assess(c.UserContext(), &form.Upload)
	if err != nil || !a.Unknown || !form.Create {
		return a, err
	}
	if _, err := s.addPlatform(c, a.Platform, ""); err != nil && !fault.Is(err, fault.Conflict) {
		return nil, err
	}
	return s.Publisher.Assess(c.UserContext(), &form.Upload)
}

// refusedReport says what is wrong with a file.
func (s *server) refusedReport(c *fiber.Ctx, a *release.Assessment, err error) error {
	f := fault.Of(err)
	if f == nil {
		return err
	}
	c.Status(fiber.StatusUnprocessableEntity)
	c.Set("HX-Replace-Url", "/uploads/new")
	return s.uploadPage(c, &uploadReport{Assessment: a, Refusal: f.Message})
}

// readyReport shows a file that can be published.
func (s *server) readyReport(c *fiber.Ctx, a *release.Assessment, draft string) error {
	p, err := s.Platforms.Find(c.UserContext(), a.Platform)
	if err != nil {
		return err
	}
	return s.uploadPage(c, &uploadReport{Assessment: a, Draft: draft, Audience: audience(p)})
}

// showUpload handles GET /uploads/{id}: the draft, assessed anew.
func (s *server) showUpload(c *fiber.Ctx) error {
	d, err := s.Drafts.Find(c.UserContext(), c.Params("id"), userOf(c).ID)
	if err != nil {
		return err
	}
	a, err := s.Publisher.Assess(c.UserContext(), d.Upload())
	if err != nil {
		return err
	}
	if a.Refusal != nil {
		return s.uploadPage(c, &uploadReport{Assessment: a, Refusal: a.Refusal.Message})
	}
	return s.readyReport(c, a, d.ID)
}

// deleteUpload handles DELETE /uploads/{id}.
func (s *server) deleteUpload(c *fiber.Ctx) error {
	id := c.Params("id")
	if err := s.Drafts.Delete(c.UserContext(), id, userOf(c).ID); err != nil {
		return err
	}
	s.did(c, "draft discarded", "upload", fleet.Cut(id, 20))
	return s.done(c, "/uploads/new", "The upload is discarded.")
}
