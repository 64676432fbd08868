package handlers

import (
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
)

// tokenForm asks what an API token is for.
type tokenForm struct {
	Name  string
	Scope account.Scope
	Days  int // for which it is good; 0 for ever
}

// lifetimes are how many days a token may be good for.
var lifetimes = []int{30, 90, 365, 0}

// Lifetimes are those to choose from.
func (tokenForm) Lifetimes() []int { return lifetimes }

// tokenLine is an API token of who looks.
type tokenLine struct {
	account.Token
	Expired bool
}

func (s *server) tokenLines(c *fiber.Ctx) ([]tokenLine, error) {
	list, err := s.Tokens.Of(c.UserContext(), userOf(c).ID)
	lines := make([]tokenLine, len(list))
	for i, t := range list {
		lines[i] = tokenLine{Token: t, Expired: t.ExpiresAt != nil && t.ExpiresAt.Before(time.Now())}
	}
	return lines, err
}

type tokensCreated struct {
	page
	Name   string
	Secret string
}

// createToken handles POST /account/tokens, and shows the token this once.
func (s *server) createToken(c *fiber.Ctx) error {
	v := newAccountShow(c)
	v.Token = tokenForm{Name: c.FormValue("token"), Scope: account.Scope(c.FormValue("scope"))}
	v.Token.Days, _ = strconv.Atoi(c.FormValue("days"))
	err := v.Token.check(userOf(c))
	if err == nil {
		err = s.prove(c, "token-proof")
	}
	var secret string
	if err == nil {
		secret, err = s.newToken(c, &v.Token)
	}
	if err != nil {
		return s.accountPage(c, v, err)
	}
	s.did(c, "token created", "name", v.Token.Name, "scope", v.Token.Scope)
	return s.page(c, "account/token", &tokensCreated{page: page{Title: "Your new token"}, Name: v.Token.Name, Secret: secret})
}

func (s *server) newToken(c *fiber.Ctx, f *tokenForm) (secret string, err error) {
	u := userOf(c)
	have, err := s.Tokens.Of(c.UserContext(), u.ID)
	if err != nil {
		return "", err
	}
	if len(have) >= account.MaxTokens {
		return "", fault.Field("token", "You have %d tokens, and more are not allowed. Revoke some first.", len(have))
	}
	var expires *time.Time
	if f.Days > 0 {
		at := time.Now().UTC().Truncate(time.Microsecond).AddDate(0, 0, f.Days)
		expires = &at
	}
	secret = account.TokenPrefix + account.NewSecret()
	return secret, s.Tokens.Create(c.UserContext(), account.HashSecret(secret), u.ID, f.Name, f.Scope, expires)
}

// check tells what is wrong with a token that a user asks for.
func (f *tokenForm) check(u *account.User) (err error) {
	if f.Name, err = account.ParseName(f.Name); err != nil || f.Name == "" {
		return fault.Field("token", "Say what the token is for, in 1 to %d characters.", account.MaxName)
	}
	if f.Scope, err = account.ParseScope(string(f.Scope)); err != nil {
		return err
	}
	if f.Scope == account.Write && u.Role != account.Admin {
		return fault.Field("scope", "A write token acts in your name, and you may change nothing.")
	}
	if !slices.Contains(lifetimes, f.Days) {
		f.Days = lifetimes[0]
	}
	return nil
}

// revokeToken handles DELETE /account/tokens/{token}.
func (s *server) revokeToken(c *fiber.Ctx) error {
	revoked, err := s.Tokens.Revoke(c.UserContext(), userOf(c).ID, keyParam(c, "token"))
	if err == nil && !revoked {
		err = fault.New(fault.NotFound, "This token was revoked already.")
	}
	if err != nil {
		return err
	}
	s.did(c, "token revoked")
	return s.done(c, "/account", "The token is revoked: what still uses it is refused from now on.")
}
