package db

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/account"
	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
)

// Links keeps the one-time links, hashed.
type Links struct{ db *DB }

type linkRow struct {
	Kind  account.LinkKind
	Email *string
}

// Create keeps a link that is good for a while; user is "" for the set-up.
func (s *Links) Create(ctx context.Context, hash string, kind account.LinkKind, user string, lifetime time.Duration) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error { return s.create(ctx, tx, hash, kind, user, lifetime) })
}

func (s *Links) create(ctx context.Context, tx *sqlx.Tx, hash string, kind account.LinkKind, user string, lifetime time.Duration) error {
	_, err := tx.ExecContext(ctx,
		`INSERT INTO links (hash, kind, user_id, expires_at) VALUES ($1, $2, NULLIF($3, ''), $4)`, hash, kind, user, Now().Add(lifetime))
	if err != nil || kind == account.SetupLink { // which the server makes by itself
		return err
	}
	return s.db.recordOf(ctx, tx, activity.LinkMade, user)
}

// CreatePassword is Create for a link that sets a user's password; others of
// theirs end, so that the one shown last is the one that works.
func (s *Links) CreatePassword(ctx context.Context, hash, user string, lifetime time.Duration) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM links WHERE user_id = $1`, user); err != nil {
			return err
		}
		return s.create(ctx, tx, hash, account.PasswordLink, user, lifetime)
	})
}

// Invite creates a user without a password, with the link that sets one.
func (s *Links) Invite(ctx context.Context, u *account.User, hash string, lifetime time.Duration) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := s.db.createUserTold(ctx, tx, u); err != nil {
			return err
		}
		return s.create(ctx, tx, hash, account.PasswordLink, u.ID, lifetime)
	})
}

// Find is the link of a hash while it is good, or fault.NotFound.
func (s *Links) Find(ctx context.Context, hash string) (*account.Link, error) {
	return findLink(ctx, s.db.read, hash)
}

func findLink(ctx context.Context, q sqlx.QueryerContext, hash string) (*account.Link, error) {
	var row linkRow
	err := sqlx.GetContext(ctx, q, &row, `
SELECT l.kind, u.email FROM links l LEFT JOIN users u ON u.id = l.user_id WHERE l.hash = $1 AND l.expires_at > $2`, hash, Now())
	if none(err) {
		return nil, fault.New(fault.NotFound, "This link was used already or has expired. Ask for a new one.")
	}
	if err != nil || row.Email == nil {
		return &account.Link{Kind: row.Kind}, err
	}
	u, err := findUser(ctx, q, *row.Email)
	return &account.Link{Kind: row.Kind, User: u}, err
}

// SetUp uses up a set-up link and creates the first admin. All other set-up
// links end with it.
func (s *Links) SetUp(ctx context.Context, hash string, u *account.User) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := useLink(ctx, tx, hash, account.SetupLink); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM links WHERE kind = $1`, account.SetupLink); err != nil {
			return err
		}
		if err := createUser(ctx, tx, u); err != nil {
			return err
		}
		return s.db.recordOf(ctx, tx, activity.AdminCreated, u.ID)
	})
}

// SetPassword uses up a password link: its user gets the password and loses
// sessions and tokens.
func (s *Links) SetPassword(ctx context.Context, hash, passwordHash string) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		link, err := findLink(ctx, tx, hash)
		if err != nil {
			return err
		}
		if err := useLink(ctx, tx, hash, account.PasswordLink); err != nil {
			return err
		}
		if err := replacePassword(ctx, tx, link.User.ID, passwordHash); err != nil {
			return err
		}
		return s.db.recordOf(ctx, tx, activity.LinkUsed, link.User.ID)
	})
}

// useLink deletes a link; of two that use it at once, one finds it.
func useLink(ctx context.Context, tx *sqlx.Tx, hash string, kind account.LinkKind) error {
	ok, err := changed(tx.ExecContext(ctx, `DELETE FROM links WHERE hash = $1 AND kind = $2 AND expires_at > $3`, hash, kind, Now()))
	if err == nil && !ok {
		return fault.New(fault.NotFound, "This link was used already or has expired. Ask for a new one.")
	}
	return err
}

// DropSetup ends all set-up links.
func (s *Links) DropSetup(ctx context.Context) error {
	_, err := s.db.exec(ctx, `DELETE FROM links WHERE kind = $1`, account.SetupLink)
	return err
}
