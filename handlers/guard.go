package handlers

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
)

// userKey is where a request keeps who asks.
const userKey = "user"

// userOf is the person who asks, or nil.
func userOf(c *fiber.Ctx) *account.User {
	u, _ := c.Locals(userKey).(*account.User)
	return u
}

// guard lets a request through to a route when its rule does.
func (s *server) guard(r route) fiber.Handler {
	switch r.access {
	case nobody:
		return func(c *fiber.Ctx) error { return c.Next() }
	case reading, writing:
		return func(c *fiber.Ctx) error { return s.guardToken(c, r.access) }
	}
	return func(c *fiber.Ctx) error { return s.guardSession(c, r.access) }
}

// guardToken checks the token of a script.
func (s *server) guardToken(c *fiber.Ctx, rule access) error {
	secret, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), "Bearer ")
	if !ok || secret == "" {
		return fault.New(fault.Unauthorized, "Send an API token: Authorization: Bearer TOKEN.")
	}
	ctx, cancel := context.WithTimeout(c.UserContext(), s.waits.lookup)
	defer cancel()
	t, err := s.Tokens.Find(ctx, account.HashSecret(strings.TrimSpace(secret)))
	if err != nil {
		return err
	}
	switch {
	case t == nil:
		return fault.New(fault.Unauthorized, "This API token is not valid, or no longer.")
	case t.User.Role == account.Plain:
		return fault.New(fault.Forbidden, "The owner of this token may not see anything until an admin lets them.")
	case rule == writing && t.Scope != account.Write:
		return fault.New(fault.Forbidden, "This token may only read.")
	case rule == writing && t.User.Role != account.Admin:
		return fault.New(fault.Forbidden, "The owner of this token may see everything and change nothing.")
	}
	c.Locals(userKey, &t.User)
	s.actAs(c, &t.User, t.Name)
	return c.Next()
}

// actAs lets what follows in this request be told as done by a user, with a token
// of theirs when it has a name.
func (s *server) actAs(c *fiber.Ctx, u *account.User, token string) {
	c.SetUserContext(activity.By(c.UserContext(), activity.Author{
		UserID: u.ID, Name: u.Email, Token: token, IP: s.clientIP(c), Waits: u.Role == account.Plain,
	}))
}

// guardSession checks who is signed in with a browser.
func (s *server) guardSession(c *fiber.Ctx, rule access) error {
	found, err := s.session(c)
	if err != nil {
		return err
	}
	var u *account.User
	if found != nil {
		u = &found.User
		if err := s.keepUp(c, found); err != nil {
			return err
		}
	}
	if u != nil {
		c.Locals(userKey, u)
		s.actAs(c, u, "")
	}
	switch {
	case rule == anyone:
		return within(c, s.waits.stranger)
	case u == nil:
		return s.toSignIn(c)
	case rule == viewing && u.Role == account.Plain:
		return fault.New(fault.Forbidden, "Your account waits for an admin: until one lets you in, there is nothing to see.")
	case rule == changing && u.Role != account.Admin:
		return fault.New(fault.Forbidden, "Only admins may do this.")
	}
	return c.Next()
}

// within lets a request through that may take a while and no longer.
func within(c *fiber.Ctx, limit time.Duration) error {
	all := c.UserContext()
	ctx, cancel := context.WithTimeout(all, limit)
	defer cancel()
	c.SetUserContext(ctx)
	defer c.SetUserContext(all) // for what says that something went wrong
	return c.Next()
}

// timed bounds what a request of a person or a script may take.
func (s *server) timed(r route) fiber.Handler {
	if r.access == nobody || r.long || r.body == upload {
		return func(c *fiber.Ctx) error { return c.Next() }
	}
	return func(c *fiber.Ctx) error { return within(c, s.waits.request) }
}

// session is the request's session, or nil.
func (s *server) session(c *fiber.Ctx) (*account.Session, error) {
	hash := sessionHash(c)
	if hash == "" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(c.UserContext(), s.waits.lookup)
	defer cancel()
	return s.Sessions.Find(ctx, hash)
}

// keepUp renews a session whose user may do more than when it got its id, at
// the next whole page: parts of pages come many at once.
func (s *server) keepUp(c *fiber.Ctx, found *account.Session) error {
	if !found.Role.Below(found.User.Role) || c.Method() != fiber.MethodGet || isFragment(c) || c.Path() == "/live" {
		return nil
	}
	return s.renewSession(c)
}

// signedInUser is the user of the request's session, or nil.
func (s *server) signedInUser(c *fiber.Ctx) (*account.User, error) {
	found, err := s.session(c)
	if err != nil || found == nil {
		return nil, err
	}
	return &found.User, nil
}

// toSignIn sends a browser to the sign-in page and from there back to the page
// where it was, or that it asked for. Who sent something is told that it is lost.
func (s *server) toSignIn(c *fiber.Ctx) error {
	c.Context().SetConnectionClose() // a body may be left unread
	query, reads := url.Values{}, c.Method() == fiber.MethodGet
	switch {
	case isFragment(c):
		query.Set("to", localPath(currentPath(c)))
	case reads:
		query.Set("to", c.OriginalURL())
	}
	if query.Get("to") == "/" { // where one is led anyway
		query.Del("to")
	}
	if !reads && c.Path() != "/session" {
		query.Set("lost", "1")
	}
	to := strings.TrimSuffix("/session/new?"+query.Encode(), "?")
	if isFragment(c) {
		c.Set("HX-Redirect", to)
		return c.SendStatus(fiber.StatusUnauthorized)
	}
	return c.Redirect(to, fiber.StatusSeeOther)
}

// currentPath is the page, with its query, that htmx says it is on.
func currentPath(c *fiber.Ctx) string {
	u, err := url.Parse(c.Get("HX-Current-URL"))
	if err != nil {
		return "/"
	}
	return u.RequestURI()
}
