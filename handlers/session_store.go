package handlers

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
)

// sessionCookie holds the id of a session; the database has only its hash.
const sessionCookie = "session"

// sessionHash is the hash of the request's session id, or "".
func sessionHash(c *fiber.Ctx) string {
	id := c.Cookies(sessionCookie)
	if id == "" || len(id) > 128 {
		return ""
	}
	return account.HashSecret(id)
}

// signIn opens a session under a new id for a user, and ends the one before.
func (s *server) signIn(c *fiber.Ctx, u *account.User) error {
	if err := s.endSession(c); err != nil {
		return err
	}
	id := account.NewSecret()
	agent := fleet.Cut(c.Get(fiber.HeaderUserAgent), 255)
	if err := s.Sessions.Create(c.UserContext(), account.HashSecret(id), u.ID, agent, s.clientIP(c)); err != nil {
		return err
	}
	if err := s.Users.SignedIn(c.UserContext(), u.ID); err != nil {
		return err
	}
	s.Log.Info("signed in", "user", u.Email, "ip", s.clientIP(c))
	s.setSessionCookie(c, id, time.Now().Add(account.SessionLifetime))
	c.Request().Header.SetCookie(sessionCookie, id) // for what follows in this request, as flash
	return nil
}

// signOut ends the request's session and takes its cookie back.
func (s *server) signOut(c *fiber.Ctx) error {
	if err := s.endSession(c); err != nil {
		return err
	}
	s.setSessionCookie(c, "", time.Unix(1, 0))
	return nil
}

func (s *server) endSession(c *fiber.Ctx) error {
	hash := sessionHash(c)
	if hash == "" {
		return nil
	}
	if err := s.Payloads.Delete(hash); err != nil {
		return err
	}
	return s.Sessions.Delete(c.UserContext(), hash)
}

func (s *server) setSessionCookie(c *fiber.Ctx, id string, expires time.Time) {
	c.Cookie(&fiber.Cookie{
		Name: sessionCookie, Value: id, Path: "/", Expires: expires,
		HTTPOnly: true, SameSite: "Lax", Secure: s.secure(c),
	})
}

// flash keeps a sentence for the next page that this person sees.
func (s *server) flash(c *fiber.Ctx, sentence string) error {
	return s.Payloads.Set(sessionHash(c), []byte(sentence), time.Hour)
}

// takeFlash is the sentence kept by flash, once.
func (s *server) takeFlash(c *fiber.Ctx) string {
	if userOf(c) == nil {
		return ""
	}
	hash := sessionHash(c)
	sentence, err := s.Payloads.Get(hash)
	if err == nil && len(sentence) > 0 {
		err = s.Payloads.Delete(hash)
	}
	if err != nil {
		s.Log.Error("a message could not be shown", "err", err)
	}
	return string(sentence)
}
