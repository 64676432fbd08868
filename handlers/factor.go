package handlers

import (
	"encoding/base64"
	"html/template"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
)

type factorNew struct {
	page
	QR     template.URL
	Key    string
	Errors problems
}

// newFactor handles GET /account/factor/new: the secret to scan, which counts
// once a code confirms it.
func (s *server) newFactor(c *fiber.Ctx) error { return s.factorPage(c, nil) }

func (s *server) factorPage(c *fiber.Ctx, err error) error {
	wrong, err := blame(c, err, proofFields...)
	if err != nil {
		return err
	}
	u := userOf(c)
	secret, err := s.Factors.Begin(c.UserContext(), u.ID, account.NewFactor())
	if err != nil {
		return err
	}
	image, err := account.FactorQR(secret, u.Email)
	if err != nil {
		return err
	}
	v := &factorNew{page: page{Title: "Second factor"}, Key: account.FactorKey(secret), Errors: wrong}
	v.QR = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(image)) // #nosec G203 -- made here
	return s.page(c, "account/factor", v)
}

type factorCodes struct {
	page
	Codes []string
}

// createFactor handles POST /account/factor: a code confirms the second factor.
// The recovery codes are shown this once.
func (s *server) createFactor(c *fiber.Ctx) error {
	err := s.prove(c, "current") // or whoever finds a browser open keeps its owner out
	var codes []string
	if err == nil {
		codes, err = s.confirmFactor(c, c.FormValue("code"))
	}
	if err != nil {
		return s.factorPage(c, err)
	}
	s.did(c, "second factor set up")
	if err := s.renewSession(c); err != nil {
		return err
	}
	return s.page(c, "account/codes", &factorCodes{page: page{Title: "Recovery codes"}, Codes: codes})
}

func (s *server) confirmFactor(c *fiber.Ctx, code string) ([]string, error) {
	ctx, u := c.UserContext(), userOf(c)
	secret, err := s.Factors.Secret(ctx, u.ID, false)
	if err != nil {
		return nil, err
	}
	step, ok := account.CodeStep(secret, code, time.Now())
	if secret == "" || !ok {
		return nil, fault.Field("code", "This code is wrong. The app shows a new one every 30 seconds; is the clock of your phone right?")
	}
	codes := account.NewRecoveryCodes()
	hashes := make([]string, len(codes))
	for i, code := range codes {
		hashes[i] = account.HashRecoveryCode(code)
	}
	return codes, s.Factors.Confirm(ctx, u.ID, secret, step, hashes)
}

// askDeleteFactor handles GET /account/factor/delete.
func (s *server) askDeleteFactor(c *fiber.Ctx) error { return s.deleteFactorPage(c, nil) }

func (s *server) deleteFactorPage(c *fiber.Ctx, err error) error {
	wrong, err := blame(c, err, proofFields...)
	if err != nil {
		return err
	}
	return s.page(c, "account/factor-delete", &accountDelete{page: page{Title: "Remove the second factor"}, Errors: wrong})
}

// deleteFactor handles DELETE /account/factor.
func (s *server) deleteFactor(c *fiber.Ctx) error {
	err := s.proveAll(c)
	if err == nil {
		err = s.Factors.Remove(c.UserContext(), userOf(c).ID)
	}
	if err != nil {
		return s.deleteFactorPage(c, err)
	}
	s.did(c, "second factor removed")
	return s.done(c, "/account", "The second factor is removed: your password alone signs you in.")
}
