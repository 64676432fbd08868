package handlers

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
)

// challengeCookie holds the secret of a sign-in that waits for a code. It opens
// nothing by itself.
const challengeCookie = "challenge"

// challengeHash is the hash of the request's challenge, or "".
func challengeHash(c *fiber.Ctx) string {
	secret := c.Cookies(challengeCookie)
	if secret == "" || len(secret) > 128 {
		return ""
	}
	return account.HashSecret(secret)
}

// challenge asks for a code who knew the password of a user with a second
// factor, before there is a session.
func (s *server) challenge(c *fiber.Ctx, u *account.User, f sessionForm) error {
	secret := account.NewSecret()
	if err := s.Factors.Challenge(c.UserContext(), account.HashSecret(secret), u.ID, f.Remember); err != nil {
		return err
	}
	s.setCookie(c, challengeCookie, secret, time.Now().Add(account.ChallengeLifetime))
	to := "/session/code/new"
	if f.To != "" {
		to += "?to=" + url.QueryEscape(f.To)
	}
	return s.goTo(c, to)
}

type sessionCode struct {
	page
	To     string
	Errors problems
}

// newCode handles GET /session/code/new.
func (s *server) newCode(c *fiber.Ctx) error { return s.codePage(c, c.Query("to"), nil) }

func (s *server) codePage(c *fiber.Ctx, to string, err error) error {
	wrong, err := blame(c, err, "code")
	if err != nil {
		return err
	}
	found, err := s.Factors.FindChallenge(c.UserContext(), challengeHash(c))
	if err != nil {
		return err
	}
	if found == nil {
		return s.sessionPage(c, sessionForm{To: to}, fault.New(fault.Invalid, "That took too long, or too many codes were wrong. Sign in again."))
	}
	return s.page(c, "session/code", &sessionCode{page: page{Title: "Sign in"}, To: to, Errors: wrong})
}

// createCode handles POST /session/code: the second step of signing in.
func (s *server) createCode(c *fiber.Ctx) error {
	ctx, to := c.UserContext(), c.FormValue("to")
	found, err := s.Factors.FindChallenge(ctx, challengeHash(c))
	if err != nil || found == nil {
		return s.codePage(c, to, err)
	}
	s.actAs(c, &found.User, "")
	err = s.passChallenge(c.UserContext(), challengeHash(c), &found.User, c.FormValue("code"))
	if errors.Is(err, account.ErrCode) {
		s.refusedSignIn(c, found.User.Email)
	}
	if err != nil {
		return s.codePage(c, to, err)
	}
	if err := s.proved(ctx, s.guesses(c, found.User.Email)); err != nil {
		return err
	}
	s.setCookie(c, challengeCookie, "", time.Unix(1, 0))
	if err := s.signIn(c, &found.User, found.Remember); err != nil {
		return err
	}
	return s.goTo(c, localPath(to))
}

// passChallenge fails unless a code is the one of now, or one for recovery, and
// was never used. Of two that use it at once, one passes.
func (s *server) passChallenge(ctx context.Context, challenge string, u *account.User, code string) error {
	limit := account.NewTry(account.Codes, "code", u.ID)
	if err := s.take(ctx, limit); err != nil {
		return err
	}
	may, err := s.Factors.Attempt(ctx, challenge)
	if err != nil || !may {
		return codeFailure(err)
	}
	if used, err := s.useCode(ctx, u.ID, code); err != nil || !used {
		return codeFailure(err)
	}
	if ended, err := s.Factors.EndChallenge(ctx, challenge); err != nil || !ended {
		return codeFailure(err)
	}
	return s.Throttles.Forgive(ctx, limit.Key)
}

func codeFailure(err error) error {
	if err != nil {
		return err
	}
	return account.ErrCode
}

func (s *server) useCode(ctx context.Context, user, code string) (used bool, err error) {
	if account.IsRecoveryCode(code) {
		return s.Factors.UseRecoveryCode(ctx, user, account.HashRecoveryCode(code))
	}
	secret, err := s.Factors.Secret(ctx, user, true)
	if err != nil || secret == "" {
		return false, err
	}
	step, ok := account.CodeStep(secret, code, time.Now())
	if !ok {
		return false, nil
	}
	return s.Factors.UseStep(ctx, user, step)
}
