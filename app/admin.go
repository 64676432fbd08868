package main

import (
	"context"
	"fmt"
	"io"

	"esp-update-server/app/account"
	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/db"
)

// ensureAdmin makes the user of ADMIN_EMAIL an admin and logs what it did.
func (c *config) ensureAdmin(ctx context.Context, store *db.DB) error {
	email, err := account.ParseEmail(c.AdminEmail)
	if err != nil {
		return fmt.Errorf("ADMIN_EMAIL is %q: it must be an e-mail address", c.AdminEmail)
	}
	hash := ""
	if c.AdminPassword != "" {
		if err := account.CheckPassword(c.AdminPassword); err != nil {
			return fmt.Errorf("ADMIN_PASSWORD: %w", err)
		}
		if hash, err = account.HashPassword(ctx, c.AdminPassword); err != nil {
			return err
		}
	}
	did, err := store.Users.EnsureAdmin(activity.By(ctx, activity.Settings), email, hash)
	if fault.Is(err, fault.NotFound) {
		return fmt.Errorf("ADMIN_EMAIL names %s, who has no account: set ADMIN_PASSWORD too, and the account is created", email)
	}
	if err != nil {
		return err
	}
	c.log.Info(promotions[did], "user", email)
	return store.Links.DropSetup(ctx)
}

var promotions = map[db.Promotion]string{
	db.AdminKept:     "ADMIN_EMAIL is an admin and keeps its own password",
	db.AdminCreated:  "ADMIN_EMAIL was created as an admin with ADMIN_PASSWORD",
	db.AdminPromoted: "ADMIN_EMAIL was made an admin: it has ADMIN_PASSWORD now, and its sessions and tokens ended",
}

type tokenCommand struct {
	Email string `required:"" help:"Whose token it is."`
	Name  string `required:"" help:"What it is for."`
}

// Run creates a write token and prints it alone on the last line.
func (t tokenCommand) Run(ctx context.Context, c *config, out io.Writer) error {
	store, u, err := c.findUser(ctx, t.Email)
	if err != nil {
		return err
	}
	defer store.Close()
	name, err := account.ParseName(t.Name)
	if err != nil || name == "" {
		return fmt.Errorf("a token needs a name of 1 to %d characters", account.MaxName)
	}
	if u.Role != account.Admin {
		return fmt.Errorf("%s is no admin: a write token acts in its owner's name and could change nothing", u.Email)
	}
	secret := account.TokenPrefix + account.NewSecret()
	if err := store.Tokens.Create(ctx, account.HashSecret(secret), u.ID, name, account.Write, nil); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "A write token for %s. It is shown this once.\n%s\n", u.Email, secret)
	return err
}

type linkCommand struct {
	Email string `required:"" help:"Whose password it sets."`
}

// Run prints a one-time link that sets a user's password.
func (l linkCommand) Run(ctx context.Context, c *config, out io.Writer) error {
	store, u, err := c.findUser(ctx, l.Email)
	if err != nil {
		return err
	}
	defer store.Close()
	secret := account.NewSecret()
	if err := store.Links.Create(ctx, account.HashSecret(secret), account.PasswordLink, u.ID, account.LinkLifetime); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "This link sets a new password for %s and removes their second factor, once, within 24 hours.\n%s/password?token=%s\n", u.Email, c.baseURL(), secret)
	return err
}

// findUser opens the database and finds a user in it.
func (c *config) findUser(ctx context.Context, address string) (*db.DB, *account.User, error) {
	email, err := account.ParseEmail(address)
	if err != nil {
		return nil, nil, fmt.Errorf("%q is not an e-mail address", address)
	}
	store, err := c.openDB(ctx)
	if err != nil {
		return nil, nil, err
	}
	u, err := store.Users.FindByEmail(ctx, email)
	if err != nil {
		store.Close()
		return nil, nil, err
	}
	return store, u, nil
}
