package handlers

import (
	"strings"
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

// signIn opens a session under a new id for a user, and ends the one before. One
// that is not to be remembered ends with the browser's window.
func (s *server) signIn(c *fiber.Ctx, u *account.User, remember bool) error {
	if err := s.endSession(c); err != nil {
		return err
	}
	id := account.NewSecret()
	agent := fleet.Cut(c.Get(fiber.HeaderUserAgent), 255)
	s.actAs(c, u, "")
	if err := s.Sessions.Create(c.UserContext(), account.HashSecret(id), u.ID, agent, s.clientIP(c), remember); err != nil {
		return err
	}
	s.did(c, "signed in", "user", u.Email)
	s.sendSession(c, id, &account.Session{Remember: remember, CreatedAt: time.Now()})
	return nil
}

// sendSession gives the browser the id of a session, for as long as that can
// last or, when it is not to be remembered, as the window is open.
func (s *server) sendSession(c *fiber.Ctx, id string, found *account.Session) {
	var expires time.Time
	if found.Remember {
		expires = found.CreatedAt.Add(found.Lifetime())
	}
	s.setCookie(c, sessionCookie, id, expires)
	c.Request().Header.SetCookie(sessionCookie, id) // for what follows in this request, as flash
}

// renewSession gives the request's session another id: whoever knew the one of
// before is out when its rights rise. Of two requests at once one does, and the
// browser hears from that one.
func (s *server) renewSession(c *fiber.Ctx) error {
	hash, id := sessionHash(c), account.NewSecret()
	found, err := s.Sessions.Find(c.UserContext(), hash)
	if err != nil || found == nil {
		return err
	}
	renewed, err := s.Sessions.Renew(c.UserContext(), hash, account.HashSecret(id))
	if err != nil || !renewed {
		return err
	}
	s.sendSession(c, id, found)
	return s.Payloads.Delete(hash)
}

// signOut ends the request's session and takes its cookie back.
func (s *server) signOut(c *fiber.Ctx) error {
	if err := s.endSession(c); err != nil {
		return err
	}
	s.setCookie(c, sessionCookie, "", time.Unix(1, 0))
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

// setCookie gives the browser a secret until a time, or while its window is
// open when the time is zero.
func (s *server) setCookie(c *fiber.Ctx, name, value string, expires time.Time) {
	c.Cookie(&fiber.Cookie{
		Name: name, Value: value, Path: "/", Expires: expires, SessionOnly: expires.IsZero(),
		HTTPOnly: true, SameSite: "Lax", Secure: s.secure(c),
	})
}

// flashView is a sentence that says what was done, and what undoes it.
type flashView struct {
	Sentence string
	Undo     string // id of the removal that can be undone; "" for none
}

// flash keeps a sentence for the next page that this person sees.
func (s *server) flash(c *fiber.Ctx, sentence string) error {
	return s.Payloads.Set(sessionHash(c), []byte(sentence+"\x00"+undoOf(c)), time.Hour)
}

// takeFlash is the sentence kept by flash, once; nil when there is none.
func (s *server) takeFlash(c *fiber.Ctx) *flashView {
	if userOf(c) == nil {
		return nil
	}
	hash := sessionHash(c)
	kept, err := s.Payloads.Get(hash)
	if err == nil && len(kept) > 0 {
		err = s.Payloads.Delete(hash)
	}
	if err != nil {
		s.Log.Error("a message could not be shown", "err", err)
	}
	if len(kept) == 0 {
		return nil
	}
	sentence, undo, _ := strings.Cut(string(kept), "\x00")
	return &flashView{Sentence: sentence, Undo: undo}
}
