package handlers

import (
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
)

// inviteForm asks whom to let in, and as what.
type inviteForm struct {
	Email  string
	Role   account.Role
	Errors problems
}

type usersLink struct {
	page
	User    *account.User
	Link    string
	Expires time.Time
}

// createInvite handles POST /users/invites: a user without a password, and the
// link that sets it.
func (s *server) createInvite(c *fiber.Ctx) error {
	f := inviteForm{Email: c.FormValue("email"), Role: account.Role(c.FormValue("role"))}
	u, err := f.user()
	secret := account.NewSecret()
	if err == nil {
		err = s.Links.Invite(c.UserContext(), u, account.HashSecret(secret), account.InviteLifetime)
	}
	if err != nil {
		return s.usersPage(c, f, err)
	}
	s.did(c, "user invited", "user", u.Email, "role", u.Role)
	return s.linkPage(c, u, secret, account.InviteLifetime)
}

// user is whom the form invites.
func (f *inviteForm) user() (*account.User, error) {
	email, err := account.ParseEmail(f.Email)
	if err != nil {
		return nil, err
	}
	role, err := account.ParseRole(string(f.Role))
	return &account.User{ID: account.NewID(), Email: email, Role: role}, err
}

// createLink handles POST /users/{user}/link: a link that sets a new password.
func (s *server) createLink(c *fiber.Ctx) error {
	u, err := s.userParam(c)
	if err != nil {
		return err
	}
	if u.ID == userOf(c).ID {
		return fault.New(fault.Forbidden, "Your own password is changed on the page of your account, which asks for the present one.")
	}
	secret, lifetime := account.NewSecret(), account.LinkLifetime
	if u.PasswordHash == "" {
		lifetime = account.InviteLifetime
	}
	if err := s.Links.CreatePassword(c.UserContext(), account.HashSecret(secret), u.ID, lifetime); err != nil {
		return err
	}
	s.did(c, "password link made", "user", u.Email)
	return s.linkPage(c, u, secret, lifetime)
}

// linkPage shows a link this once. It names the server as the settings do, and
// never as the request did.
func (s *server) linkPage(c *fiber.Ctx, u *account.User, secret string, lifetime time.Duration) error {
	v := &usersLink{page: page{Title: "Link for " + u.Email}, User: u, Expires: time.Now().UTC().Add(lifetime)}
	v.Link = s.homeURL() + "/password?token=" + secret
	return s.page(c, "users/link", v)
}

// homeURL is where people find the server.
func (s *server) homeURL() string {
	if s.PublicURL != nil {
		return strings.TrimSuffix(s.PublicURL.String(), "/")
	}
	return s.LocalURL
}
