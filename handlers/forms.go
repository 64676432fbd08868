package handlers

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
)

// problems are what is wrong with a form, by field; "form" is the form as a
// whole.
type problems map[string]string

// mendable are the failures that a person can mend in the form they sent.
var mendable = []fault.Kind{fault.Invalid, fault.Conflict, fault.TooLarge, fault.TooMany, fault.Busy}

// blame turns the error that a form led to into what is wrong with its fields,
// and sets the status of the answer that shows the form again. A sentence about
// a field that is not in the form is about the form. No error is no problem;
// an error that no form can mend is passed on.
func blame(c *fiber.Ctx, err error, fields ...string) (problems, error) {
	if err == nil {
		return nil, nil
	}
	f := fault.Of(err)
	if f == nil || !slices.Contains(mendable, f.Kind) {
		return nil, err
	}
	c.Status(statusOf[f.Kind])
	retryAfter(c, f)
	p := problems{}
	for name, sentence := range f.Fields {
		if slices.Contains(fields, name) {
			p[name] = sentence
		}
	}
	if len(p) == 0 {
		p["form"] = f.Message
	}
	return p, nil
}

// show answers with a whole page, or for htmx with the part of it that changes.
func (s *server) show(c *fiber.Ctx, name string, v pageView, partial string, part any) error {
	if isFragment(c) {
		return s.render(c, partial, part)
	}
	return s.page(c, name, v)
}

// done sends the browser on after a change, with a sentence that says what was
// changed.
func (s *server) done(c *fiber.Ctx, to, sentence string) error {
	if err := s.flash(c, sentence); err != nil {
		return err
	}
	return s.goTo(c, to)
}

// goTo sends the browser to another page of this server.
func (s *server) goTo(c *fiber.Ctx, to string) error {
	if isFragment(c) {
		c.Set("HX-Redirect", to)
		return c.SendStatus(fiber.StatusNoContent)
	}
	return c.Redirect(to, fiber.StatusSeeOther)
}

// doneView is what an answer for htmx changes beside its own part: the sentence
// that says what was done, and the number of new devices.
type doneView struct {
	Flash flashView
	New   int64
}

// doneHere answers a change that htmx asked for with the part of the page that
// changed ("" when it is gone) and says what was done.
func (s *server) doneHere(c *fiber.Ctx, partial string, part any, sentence string) error {
	n, err := s.countNew(c.UserContext())
	if err != nil {
		return err
	}
	if partial != "" {
		if err := s.render(c, partial, part); err != nil {
			return err
		}
	}
	changed := append([]byte(nil), c.Response().Body()...)
	if err := s.render(c, "layouts/_done", doneView{Flash: flashView{sentence, undoOf(c)}, New: int64(n)}); err != nil {
		return err
	}
	c.Response().SetBody(append(changed, c.Response().Body()...))
	return nil
}

// mayChange reports whether the person who asks may change anything.
func mayChange(c *fiber.Ctx) bool {
	u := userOf(c)
	return u != nil && u.Role == account.Admin
}
