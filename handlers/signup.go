package handlers

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
)

// accountForm asks for what an account needs. It is the form of the sign-up and
// of the first set-up.
type accountForm struct {
	Email  string
	Name   string
	Token  string // of the set-up link
	Errors problems
}

type usersNew struct {
	page
	Form accountForm
}

func accountFormOf(c *fiber.Ctx) accountForm {
	return accountForm{Email: c.FormValue("email"), Name: c.FormValue("name"), Token: c.FormValue("token")}
}

// newUser handles GET /users/new.
func (s *server) newUser(c *fiber.Ctx) error {
	if err := s.signupOpen(c.UserContext()); err != nil {
		return err
	}
	return s.signupPage(c, accountForm{}, nil)
}

func (s *server) signupPage(c *fiber.Ctx, f accountForm, err error) error {
	if f.Errors, err = blame(c, err, "email", "name", "password"); err != nil {
		return err
	}
	return s.page(c, "users/new", &usersNew{page: page{Title: "Sign up"}, Form: f})
}

// createUser handles POST /users.
func (s *server) createUser(c *fiber.Ctx) error {
	if err := s.signupOpen(c.UserContext()); err != nil {
		return err
	}
	f := accountFormOf(c)
	err := s.take(c.UserContext(), account.NewTry(account.SignUp, "sign-up", network(s.clientIP(c))))
	var u *account.User
	if err == nil {
		u, err = f.user(c.UserContext(), c.FormValue("password"), account.Plain)
	}
	if err == nil {
		s.actAs(c, u, "")
		err = s.Users.Create(c.UserContext(), u)
	}
	if err != nil {
		return s.signupPage(c, f, err)
	}
	s.did(c, "signed up", "user", u.Email)
	if err := s.signIn(c, u, false); err != nil {
		return err
	}
	return s.goTo(c, "/")
}

// signupOpen tells why nobody can sign up just now.
func (s *server) signupOpen(ctx context.Context) error {
	if !s.SignupOpen {
		return fault.New(fault.Forbidden, "Sign-up is closed on this server: ask an admin for an account.")
	}
	admin, err := s.Users.AnyAdmin(ctx)
	if err == nil && !admin {
		err = fault.New(fault.Forbidden, "This server has no admin yet: open the set-up link in its log first.")
	}
	if err != nil {
		return err
	}
	_, waiting, err := s.Users.Count(ctx)
	if err == nil && waiting >= s.MaxWaiting {
		err = fault.New(fault.Busy, "%s for an admin already, and more cannot sign up until some are let in: ask an admin for an invitation.", countWait(waiting))
	}
	return err
}

// countWait is how many users wait, with the verb.
func countWait(n int64) string {
	if n == 1 {
		return "1 user waits"
	}
	return count(n, "user") + " wait"
}

// user is the account that a form asks for.
func (f *accountForm) user(ctx context.Context, password string, role account.Role) (*account.User, error) {
	email, err := account.ParseEmail(f.Email)
	if err != nil {
		return nil, err
	}
	name, err := account.ParseName(f.Name)
	if err != nil {
		return nil, err
	}
	if err := account.CheckPassword(password); err != nil {
		return nil, err
	}
	hash, err := account.HashPassword(ctx, password)
	return &account.User{ID: account.NewID(), Email: email, Name: name, PasswordHash: hash, Role: role}, err
}
