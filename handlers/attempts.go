package handlers

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
)

// network is what counts as one address: of IPv6, where everybody has many, the
// half that is one household's.
func network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Is4() {
		return ip
	}
	prefix, _ := addr.Prefix(64)
	return prefix.String()
}

// guesses are the tries that proving who one is counts as: for an account from
// an address, from that address for any, and for that account from anywhere.
type guesses struct{ accountFrom, from, account account.Try }

func (s *server) guesses(c *fiber.Ctx, email string) guesses {
	email, from := strings.ToLower(strings.TrimSpace(email)), network(s.clientIP(c))
	return guesses{
		accountFrom: account.NewTry(account.AccountFrom, "account from", email, from),
		from:        account.NewTry(account.From, "from", from),
		account:     account.NewTry(account.Account, "account", email),
	}
}

// take counts tries, or fails when one of them must rest: then none counts.
func (s *server) take(ctx context.Context, tries ...account.Try) error {
	now := time.Now()
	for n, t := range tries {
		wait, err := s.Throttles.Take(ctx, t, now)
		if err != nil {
			return err
		}
		if wait > 0 {
			return errors.Join(account.TooOften(wait), s.giveBack(ctx, tries[:n]...))
		}
	}
	return nil
}

// takeGuess counts a guess. What is tried for an account from anywhere does not
// hold up who comes from where they signed in before. The address is the first to
// be asked: each account that somebody makes up is one more to be remembered.
func (s *server) takeGuess(ctx context.Context, g guesses) error {
	known, err := s.Throttles.Known(ctx, g.accountFrom.Key)
	if err != nil {
		return err
	}
	if known {
		return s.take(ctx, g.from, g.accountFrom)
	}
	return s.take(ctx, g.from, g.accountFrom, g.account)
}

// proved takes back what a person tried who turned out to be the right one.
// Others may share their address, so of its tries one is taken back.
func (s *server) proved(ctx context.Context, g guesses) error {
	if err := s.Throttles.Forgive(ctx, g.accountFrom.Key); err != nil {
		return err
	}
	if err := s.Throttles.Forgive(ctx, g.account.Key); err != nil {
		return err
	}
	if err := s.Throttles.Know(ctx, g.accountFrom.Key, time.Now()); err != nil {
		return err
	}
	return s.Throttles.GiveBack(ctx, g.from.Key)
}

// giveBack takes back tries that were never made.
func (s *server) giveBack(ctx context.Context, tries ...account.Try) error {
	for _, t := range tries {
		if err := s.Throttles.GiveBack(ctx, t.Key); err != nil {
			return err
		}
	}
	return nil
}
