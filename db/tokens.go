package db

import (
	"context"
	"time"

	"esp-update-server/app/account"
)

// Tokens keeps the API tokens, hashed.
type Tokens struct{ db *DB }

type tokenRow struct {
	userRow
	TokenName string `db:"token_name"`
	Scope     account.Scope
	Used      *time.Time
}

// Create keeps a token of a user.
func (s *Tokens) Create(ctx context.Context, hash, user, name string, scope account.Scope) error {
	_, err := s.db.write.ExecContext(ctx,
		`INSERT INTO tokens (hash, user_id, name, scope, created_at) VALUES ($1, $2, $3, $4, $5)`, hash, user, name, scope, Now())
	return err
}

// Find is the valid token of a hash with its owner, or nil.
func (s *Tokens) Find(ctx context.Context, hash string) (*account.Token, error) {
	now := Now()
	var row tokenRow
	err := s.db.read.GetContext(ctx, &row, `
SELECT `+userColumns+`, t.name AS token_name, t.scope, t.last_used AS used
FROM tokens t JOIN users u ON u.id = t.user_id
WHERE t.hash = $1 AND (t.expires_at IS NULL OR t.expires_at > $2)`, hash, now)
	if none(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if row.Used == nil || now.Sub(*row.Used) >= touchEvery {
		if _, err := s.db.write.ExecContext(ctx, `UPDATE tokens SET last_used = $2 WHERE hash = $1`, hash, now); err != nil {
			return nil, err
		}
	}
	return &account.Token{User: row.user(), Name: row.TokenName, Scope: row.Scope}, nil
}
