package handlers

import (
	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
)

type passwordNew struct {
	page
	Email  string
	First  bool // whether the account never had one
	Token  string
	Errors problems
}

// newPassword handles GET /password. Looking does not use the link up.
func (s *server) newPassword(c *fiber.Ctx) error { return s.passwordPage(c, c.Query("token"), nil) }

func (s *server) passwordPage(c *fiber.Ctx, token string, err error) error {
	wrong, err := blame(c, err, "password")
	if err != nil {
		return err
	}
	l, err := s.link(c, token, account.PasswordLink)
	if err != nil {
		return err
	}
	return s.page(c, "password/new", &passwordNew{page: page{Title: "New password"}, Email: l.User.Email, First: l.User.PasswordHash == "", Token: token, Errors: wrong})
}

// createPassword handles POST /password.
func (s *server) createPassword(c *fiber.Ctx) error {
	token := c.FormValue("token")
	l, err := s.link(c, token, account.PasswordLink)
	if err != nil {
		return err
	}
	s.actAs(c, l.User, "")
	if err := s.setPassword(c, token, c.FormValue("password")); err != nil {
		return s.passwordPage(c, token, err)
	}
	s.did(c, "a new password was set by a link", "user", l.User.Email)
	if err := s.signIn(c, l.User, false); err != nil {
		return err
	}
	return s.done(c, "/", "Your new password is set.")
}

func (s *server) setPassword(c *fiber.Ctx, token, password string) error {
	if err := account.CheckPassword(password); err != nil {
		return err
	}
	hash, err := account.HashPassword(c.UserContext(), password)
	if err != nil {
		return err
	}
	return s.Links.SetPassword(c.UserContext(), account.HashSecret(token), hash)
}
