package handlers

import (
	"cmp"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
)

type uploadsNew struct {
	page
	MaxSize int64
	Report  *uploadReport // of the file that was sent; nil before
	Drafts  []draftRow    // beside that one
}

// draftRow is a file that was inspected and is not published yet.
type draftRow struct{ *release.Draft }

// Platform is what the file is for, as it says itself or the person did.
func (d draftRow) Platform() string {
	return cmp.Or(d.Inspection.Platform, fleet.FoldPlatformName(d.Draft.Platform))
}

// Version is that of the file, likewise.
func (d draftRow) Version() string {
	return cmp.Or(d.Inspection.Version, version.ParseLenient(d.Draft.Version).String())
}

// newUpload handles GET /uploads/new, the whole page for htmx too: a file that
// is dropped on another page leads here.
func (s *server) newUpload(c *fiber.Ctx) error { return s.uploadPage(c, new(uploadReport)) }

// uploadReport shows the report on a file, alone or on the page where files are
// dropped.
func (s *server) uploadReport(c *fiber.Ctx, r *uploadReport) error {
	if isFragment(c) {
		return s.render(c, "uploads/_report", r)
	}
	r.Whole = true
	return s.uploadPage(c, r)
}

func (s *server) uploadPage(c *fiber.Ctx, r *uploadReport) error {
	v := &uploadsNew{page: page{Title: "Upload firmware"}, MaxSize: s.MaxFirmware}
	if r.Whole {
		v.Report = r
	}
	list, err := s.Drafts.List(c.UserContext(), userOf(c).ID)
	if err != nil {
		return err
	}
	for i := range list {
		if list[i].ID != r.Draft {
			v.Drafts = append(v.Drafts, draftRow{&list[i]})
		}
	}
	return s.page(c, "uploads/new", v)
}

// createUpload handles POST /uploads: it inspects a file and keeps it as a
// draft when it can be published. Of a refused file nothing is kept.
func (s *server) createUpload(c *fiber.Ctx) error {
	form, err := s.readUpload(c)
	if err != nil {
		return s.refusedReport(c, &uploadReport{Number: form.Number}, err)
	}
	a, err := s.assess(c, form)
	if err != nil {
		return err
	}
	if a.Refusal != nil {
		return s.refusedUpload(c, form, a)
	}
	d := &release.Draft{
		ID: account.NewID(), UserID: userOf(c).ID, Data: a.Data, Inspection: a.Inspection,
		Platform: form.Platform, Version: form.Version, Accept: form.Accept, Install: form.Install,
	}
	if d.Install {
		d.Data = a.Whole
	}
	if err := s.Drafts.Save(c.UserContext(), d); err != nil {
		return err
	}
	to := "/uploads/" + d.ID
	if !isFragment(c) {
		return s.goTo(c, to)
	}
	c.Set("HX-Replace-Url", to)
	return s.readyReport(c, &uploadReport{Assessment: a, Number: form.Number, Draft: d.ID})
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

// refusedUpload says what is wrong with a file, and lets the person change what
// they can.
func (s *server) refusedUpload(c *fiber.Ctx, form *uploadForm, a *release.Assessment) error {
	known, err := s.Platforms.Names(c.UserContext())
	if err != nil {
		return err
	}
	r := &uploadReport{Assessment: a, Number: form.Number, Again: newUploadAgain(form, a, known)}
	return s.refusedReport(c, r, a.Refusal)
}

// refusedReport says what is wrong with a file.
func (s *server) refusedReport(c *fiber.Ctx, r *uploadReport, err error) error {
	f := fault.Of(err)
	if f == nil || f.Kind == fault.Full {
		return err
	}
	r.Refusal = f.Message
	c.Status(fiber.StatusUnprocessableEntity)
	c.Set("HX-Replace-Url", "/uploads/new")
	return s.uploadReport(c, r)
}

// readyReport shows a file that can be published, and who would get it.
func (s *server) readyReport(c *fiber.Ctx, r *uploadReport) error {
	p, err := s.Platforms.Find(c.UserContext(), r.Assessment.Platform)
	if err != nil {
		return err
	}
	r.Platform = p
	return s.uploadReport(c, r)
}

// showUpload handles GET /uploads/{id}: the draft, assessed anew.
func (s *server) showUpload(c *fiber.Ctx) error {
	d, err := s.Drafts.Find(c.UserContext(), copied(c.Params("id"), fleet.MaxReported), userOf(c).ID)
	if err != nil {
		return err
	}
	a, err := s.Publisher.Assess(c.UserContext(), d.Upload())
	if err != nil {
		return err
	}
	if a.Refusal != nil {
		return s.uploadReport(c, &uploadReport{Assessment: a, Draft: d.ID, Refusal: a.Refusal.Message})
	}
	return s.readyReport(c, &uploadReport{Assessment: a, Draft: d.ID})
}

// deleteUpload handles DELETE /uploads/{id}.
func (s *server) deleteUpload(c *fiber.Ctx) error {
	id := copied(c.Params("id"), fleet.MaxReported)
	if err := s.Drafts.Delete(c.UserContext(), id, userOf(c).ID); err != nil {
		return err
	}
	s.did(c, "draft discarded", "upload", fleet.Cut(id, 20))
	const sentence = "The upload is discarded."
	if isFragment(c) {
		c.Set("HX-Replace-Url", "/uploads/new")
		return s.doneHere(c, "", nil, sentence)
	}
	return s.done(c, "/uploads/new", sentence)
}
