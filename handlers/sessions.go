package handlers

import (
	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
)

// sessionLine is a browser in which a person is signed in.
type sessionLine struct {
	account.Session
	Device string // in words
	Here   bool   // the browser that asks
}

// sessionLines are the sessions of who asks.
func (s *server) sessionLines(c *fiber.Ctx) ([]sessionLine, error) {
	list, err := s.Sessions.Of(c.UserContext(), userOf(c).ID)
	lines := make([]sessionLine, len(list))
	for i, found := range list {
		lines[i] = sessionLine{Session: found, Device: agentInWords(found.Agent), Here: found.Hash == sessionHash(c)}
	}
	return lines, err
}

// endSessionOf handles DELETE /account/sessions/{session}.
func (s *server) endSessionOf(c *fiber.Ctx) error {
	ended, err := s.Sessions.End(c.UserContext(), userOf(c).ID, keyParam(c, "session"))
	if err == nil && !ended {
		err = fault.New(fault.NotFound, "This session has ended already.")
	}
	if err != nil {
		return err
	}
	s.did(c, "session ended")
	return s.done(c, "/account", "That browser is signed out.")
}

// endSessions handles DELETE /account/sessions: everywhere, here too.
func (s *server) endSessions(c *fiber.Ctx) error {
	if err := s.Sessions.EndAll(c.UserContext(), userOf(c).ID); err != nil {
		return err
	}
	s.did(c, "signed out everywhere")
	if err := s.signOut(c); err != nil {
		return err
	}
	return s.goTo(c, "/session/new")
}
