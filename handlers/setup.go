package handlers

import (
	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
)

type setupNew struct {
	page
	Form accountForm
}

// newSetup handles GET /setup. Looking does not use the link up: messengers
// fetch links to preview them.
func (s *server) newSetup(c *fiber.Ctx) error {
	f := accountForm{Token: c.Query("token")}
	if _, err := s.link(c, f.Token, account.SetupLink); err != nil {
		return err
	}
	return s.setupPage(c, f, nil)
}

func (s *server) setupPage(c *fiber.Ctx, f accountForm, err error) error {
	if f.Errors, err = blame(c, err, "email", "name", "password"); err != nil {
		return err
	}
	return s.page(c, "setup/new", &setupNew{page: page{Title: "Set up"}, Form: f})
}

// createSetup handles POST /setup.
func (s *server) createSetup(c *fiber.Ctx) error {
	f := accountFormOf(c)
	if _, err := s.link(c, f.Token, account.SetupLink); err != nil {
		return err
	}
	u, err := f.user(c.UserContext(), c.FormValue("password"), account.Admin)
	if err == nil {
		s.actAs(c, u, "")
		err = s.Links.SetUp(c.UserContext(), account.HashSecret(f.Token), u)
	}
	if err != nil {
		return s.setupPage(c, f, err)
	}
	s.did(c, "the first admin was created", "user", u.Email)
	if err := s.signIn(c, u, false); err != nil {
		return err
	}
	return s.goTo(c, "/platforms")
}

// link is the one-time link of a token, while it is good for what is asked.
func (s *server) link(c *fiber.Ctx, token string, kind account.LinkKind) (*account.Link, error) {
	l, err := s.Links.Find(c.UserContext(), account.HashSecret(token))
	if err == nil && l.Kind != kind {
		err = fault.New(fault.NotFound, "This link is for something else.")
	}
	if fault.Is(err, fault.NotFound) && kind == account.SetupLink {
		err = s.newestLink(c, err)
	}
	return l, err
}

// newestLink says where the link is that makes the first admin: while there is
// none, nobody can be asked for one.
func (s *server) newestLink(c *fiber.Ctx, old error) error {
	switch admin, err := s.Users.AnyAdmin(c.UserContext()); {
	case err != nil:
		return err
	case admin:
		return old
	}
	return fault.New(fault.NotFound, "This link was used already or has expired. Take the newest link from the server's log: it prints one at each start.")
}
