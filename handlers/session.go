package handlers

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
	"esp-update-server/app/live"
)

type sessionNew struct {
	page
	Form       sessionForm
	NoAdmin    bool // nobody can let anybody in yet
	SignupOpen bool
}

type sessionForm struct {
	Email    string
	Remember bool
	To       string // the page that was asked for
	Lost     bool   // what was sent after the session had ended
	Wrong    bool   // address and password were looked at; else somebody must wait, say
	Errors   problems
}

// newSession handles GET /session/new.
func (s *server) newSession(c *fiber.Ctx) error {
	if userOf(c) != nil {
		return c.Redirect(localPath(c.Query("to")), fiber.StatusSeeOther)
	}
	return s.sessionPage(c, sessionForm{To: c.Query("to"), Lost: c.Query("lost") == "1"}, nil)
}

func (s *server) sessionPage(c *fiber.Ctx, f sessionForm, err error) error {
	f.Wrong = errors.Is(err, errSignIn)
	if f.Errors, err = blame(c, err); err != nil {
		return err
	}
	admin, err := s.Users.AnyAdmin(c.UserContext())
	if err != nil {
		return err
	}
	return s.page(c, "session/new", &sessionNew{page: page{Title: "Sign in"}, Form: f, NoAdmin: !admin, SignupOpen: s.SignupOpen})
}

// createSession handles POST /session.
func (s *server) createSession(c *fiber.Ctx) error {
	f := sessionForm{Email: c.FormValue("email"), Remember: c.FormValue("remember") != "", To: c.FormValue("to")}
	u, err := s.authenticate(c, f.Email, c.FormValue("password"))
	if err == nil && u.SecondFactor {
		return s.challenge(c, u, f)
	}
	if err == nil {
		err = s.signIn(c, u, f.Remember)
	}
	if err != nil {
		return s.sessionPage(c, f, err)
	}
	return s.goTo(c, localPath(f.To))
}

// errSignIn is the failure of a wrong address and of a wrong password.
var errSignIn = fault.New(fault.Invalid, "The e-mail address or the password is wrong.")

// authenticate is the user of an address and a password, unless these were
// tried too often. Tries of who still has to give a code are taken back by that.
func (s *server) authenticate(c *fiber.Ctx, email, password string) (*account.User, error) {
	if email == "" || password == "" {
		return nil, errSignIn // nothing was guessed
	}
	ctx, g := c.UserContext(), s.guesses(c, email)
	if err := s.takeGuess(ctx, g); err != nil {
		return nil, err
	}
	u, err := s.userWith(ctx, email, password)
	switch {
	case errors.Is(err, errSignIn):
		s.refusedSignIn(c, email)
	case fault.Is(err, fault.Busy): // nothing was tried
		return nil, errors.Join(err, s.giveBack(ctx, g.accountFrom, g.from, g.account))
	case err == nil && !u.SecondFactor:
		err = s.proved(ctx, g)
	}
	return u, err
}

// refusedSignIn tells of somebody who was refused. What was typed for an address
// is kept nowhere when there is no such account: it may be a password. Looking
// the account up takes as long whether it is there or not.
func (s *server) refusedSignIn(c *fiber.Ctx, email string) {
	ip, known := s.clientIP(c), ""
	if address, err := account.ParseEmail(email); err == nil {
		if u, err := s.Users.FindByEmail(c.UserContext(), address); err == nil {
			known = u.Email
		}
	}
	s.Log.Info("sign-in refused", "user", known, "ip", ip)
	if err := s.Activity.RefuseSignIn(c.UserContext(), known, ip, network(ip)); err != nil {
		s.Log.Error("a refused sign-in could not be kept", "err", err)
	}
	s.tell(live.Activity)
}

// userWith is the user of an address and a password. Whether the address is
// known shows neither in the sentence nor in the time that it takes.
func (s *server) userWith(ctx context.Context, email, password string) (*account.User, error) {
	u := &account.User{}
	if address, err := account.ParseEmail(email); err == nil {
		found, err := s.Users.FindByEmail(ctx, address)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		if found != nil {
			u = found
		}
	}
	ok, err := account.VerifyPassword(ctx, u.PasswordHash, password)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errSignIn
	}
	s.rehash(ctx, u, password)
	return u, nil
}

// rehash puts a hash of ours in the place of one that came from the original
// server, now that the password is known. Should it fail, the next sign-in tries again.
func (s *server) rehash(ctx context.Context, u *account.User, password string) {
	if !account.IsForeign(u.PasswordHash) {
		return
	}
	hash, err := account.HashPassword(ctx, password)
	if err == nil {
		err = s.Users.Rehash(ctx, u.ID, u.PasswordHash, hash)
	}
	if err != nil {
		s.Log.Error("an imported password could not be hashed anew", "user", u.Email, "err", err)
	}
}

// deleteSession handles DELETE /session.
func (s *server) deleteSession(c *fiber.Ctx) error {
	if err := s.signOut(c); err != nil {
		return err
	}
	s.did(c, "signed out")
	return s.goTo(c, "/session/new")
}

// localPath is a page of this server to go to after sign-in; the first page for
// whatever is none. Browsers take a backslash for a slash and skip tabs and
// line ends, so none of them may be in it.
func localPath(to string) string {
	u, err := url.Parse(to)
	bad := err != nil || u.IsAbs() || u.Host != "" || u.User != nil ||
		!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsFunc(to, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f })
	if bad {
		return "/"
	}
	return strings.Clone(to)
}
