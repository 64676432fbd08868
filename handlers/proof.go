package handlers

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
)

// proofFields are the fields of account/_proof.
var proofFields = []string{"current", "code"}

// prove fails unless a field has the password of who is signed in: somebody
// may have found the browser open. It is limited as signing in is.
func (s *server) prove(c *fiber.Ctx, field string) error {
	ctx, u := c.UserContext(), userOf(c)
	g := s.guesses(c, u.Email)
	if err := s.takeGuess(ctx, g); err != nil {
		return err
	}
	ok, err := account.VerifyPassword(ctx, u.PasswordHash, c.FormValue(field))
	if err != nil {
		return err
	}
	if !ok {
		return fault.Field(field, "This is not your password.")
	}
	return s.proved(ctx, g)
}

// proveAll is prove for what would let somebody in for good: who has a second
// factor gives a code too.
func (s *server) proveAll(c *fiber.Ctx) error {
	u := userOf(c)
	if err := s.prove(c, "current"); err != nil || !u.SecondFactor {
		return err
	}
	return s.proveCode(c.UserContext(), u.ID, c.FormValue("code"))
}

func (s *server) proveCode(ctx context.Context, user, code string) error {
	limit := account.NewTry(account.Codes, "code", user)
	if err := s.take(ctx, limit); err != nil {
		return err
	}
	if used, err := s.useCode(ctx, user, code); err != nil || !used {
		return codeFailure(err)
	}
	return s.Throttles.Forgive(ctx, limit.Key)
}
