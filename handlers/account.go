package handlers

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
)

// accountShow is a person's own page. Its forms have no field in common, so
// that one list says what is wrong with any of them.
type accountShow struct {
	page
	Name     string
	Email    string
	Codes    int // for recovery, that are left
	Sessions []sessionLine
	Tokens   []tokenLine
	Token    tokenForm
	Errors   problems
}

// accountFields are the fields of the forms on the page.
var accountFields = []string{"name", "email", "email-proof", "current", "password", "token", "scope", "token-proof"}

// showAccount handles GET /account.
func (s *server) showAccount(c *fiber.Ctx) error { return s.accountPage(c, newAccountShow(c), nil) }

func newAccountShow(c *fiber.Ctx) *accountShow {
	u := userOf(c)
	return &accountShow{page: page{Title: "Your account"}, Name: u.Name, Email: u.Email, Token: tokenForm{Days: 90, Scope: account.Read}}
}

func (s *server) accountPage(c *fiber.Ctx, v *accountShow, err error) error {
	if v.Errors, err = blame(c, err, accountFields...); err != nil {
		return err
	}
	if v.Sessions, err = s.sessionLines(c); err != nil {
		return err
	}
	if v.Tokens, err = s.tokenLines(c); err != nil {
		return err
	}
	if v.Codes, err = s.Factors.RecoveryCodes(c.UserContext(), userOf(c).ID); err != nil {
		return err
	}
	return s.page(c, "account/show", v)
}

// updateAccount handles PUT /account: the name.
func (s *server) updateAccount(c *fiber.Ctx) error {
	v := newAccountShow(c)
	v.Name = c.FormValue("name")
	name, err := account.ParseName(v.Name)
	if err == nil {
		err = s.Users.SetName(c.UserContext(), userOf(c).ID, name)
	}
	if err != nil {
		return s.accountPage(c, v, err)
	}
	s.did(c, "name changed", "name", name)
	return s.done(c, "/account", "Your name is saved.")
}

// updateEmail handles PUT /account/email.
func (s *server) updateEmail(c *fiber.Ctx) error {
	v := newAccountShow(c)
	v.Email = c.FormValue("email")
	email, err := account.ParseEmail(v.Email)
	if err == nil {
		err = s.prove(c, "email-proof")
	}
	if err == nil {
		err = s.Users.SetEmail(c.UserContext(), userOf(c).ID, email)
	}
	if err != nil {
		return s.accountPage(c, v, err)
	}
	s.did(c, "e-mail address changed", "to", email)
	return s.done(c, "/account", "Your e-mail address is "+fleet.Isolated(email)+" now. Sign in with it from now on.")
}

// updatePassword handles PUT /account/password. All other sessions end, and
// this one goes on under a new id.
func (s *server) updatePassword(c *fiber.Ctx) error {
	if err := s.changePassword(c, c.FormValue("password")); err != nil {
		return s.accountPage(c, newAccountShow(c), err)
	}
	s.did(c, "password changed")
	if err := s.renewSession(c); err != nil {
		return err
	}
	return s.done(c, "/account", "Your new password is set. Everywhere else you are signed out.")
}

func (s *server) changePassword(c *fiber.Ctx, password string) error {
	if err := account.CheckPassword(password); err != nil {
		return err
	}
	if err := s.prove(c, "current"); err != nil {
		return err
	}
	hash, err := account.HashPassword(c.UserContext(), password)
	if err != nil {
		return err
	}
	return s.Users.SetPassword(c.UserContext(), userOf(c).ID, hash, sessionHash(c))
}

type accountDelete struct {
	page
	Errors problems
}

// askDeleteAccount handles GET /account/delete.
func (s *server) askDeleteAccount(c *fiber.Ctx) error { return s.deleteAccountPage(c, nil) }

func (s *server) deleteAccountPage(c *fiber.Ctx, err error) error {
	wrong, err := blame(c, err, "current")
	if err != nil {
		return err
	}
	return s.page(c, "account/delete", &accountDelete{page: page{Title: "Delete your account"}, Errors: wrong})
}

// deleteAccount handles DELETE /account.
func (s *server) deleteAccount(c *fiber.Ctx) error {
	if err := s.leave(c.UserContext(), c); err != nil {
		return s.deleteAccountPage(c, err)
	}
	s.did(c, "account deleted")
	if err := s.signOut(c); err != nil {
		return err
	}
	return s.goTo(c, "/session/new")
}

func (s *server) leave(ctx context.Context, c *fiber.Ctx) error {
	if err := s.prove(c, "current"); err != nil {
		return err
	}
	return s.Users.Delete(ctx, userOf(c).ID)
}
