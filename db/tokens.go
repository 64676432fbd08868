package db

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/account"
	"esp-update-server/app/activity"
)

// Tokens keeps the API tokens, hashed.
type Tokens struct{ db *DB }

type tokenRow struct {
	userRow
	Hash      string
	TokenName string `db:"token_name"`
	Scope     account.Scope
	Made      time.Time
	Used      *time.Time
	Expires   *time.Time
}

func (r *tokenRow) token() account.Token {
	return account.Token{Hash: r.Hash, User: r.user(), Name: r.TokenName, Scope: r.Scope, CreatedAt: r.Made, LastUsed: r.Used, ExpiresAt: r.Expires}
}

// Create keeps a token of a user; without an expiry it is good until revoked.
func (s *Tokens) Create(ctx context.Context, hash, user, name string, scope account.Scope, expires *time.Time) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `
INSERT INTO tokens (hash, user_id, name, scope, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`, hash, user, name, scope, Now(), expires); err != nil {
			return err
		}
		return s.db.recordOf(ctx, tx, activity.TokenCreated, user, activity.Between("token", "", tokenInWords(name, scope))...)
	})
}

// tokenInWords is what the activity says of a token.
func tokenInWords(name string, scope account.Scope) string { return name + " (" + string(scope) + ")" }

const tokens = `
SELECT ` + userColumns + `, t.hash, t.name AS token_name, t.scope, t.created_at AS made, t.last_used AS used, t.expires_at AS expires
FROM tokens t JOIN users u ON u.id = t.user_id
WHERE `

// Find is the valid token of a hash with its owner, or nil.
func (s *Tokens) Find(ctx context.Context, hash string) (*account.Token, error) {
	now := Now()
	var row tokenRow
	err := s.db.read.GetContext(ctx, &row, tokens+`t.hash = $1 AND (t.expires_at IS NULL OR t.expires_at > $2)`, hash, now)
	if none(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if row.Used == nil || now.Sub(*row.Used) >= touchEvery {
		if err := s.db.touch(ctx, `UPDATE tokens SET last_used = $2 WHERE hash = $1`, hash, now); err != nil {
			return nil, err
		}
	}
	found := row.token()
	return &found, nil
}

// Of is the tokens of a user, expired ones too, the newest first.
func (s *Tokens) Of(ctx context.Context, user string) ([]account.Token, error) {
	var rows []tokenRow
	err := s.db.read.SelectContext(ctx, &rows, tokens+`t.user_id = $1 ORDER BY t.created_at DESC, t.hash`, user)
	list := make([]account.Token, len(rows))
	for i := range rows {
		list[i] = rows[i].token()
	}
	return list, err
}

// Revoke deletes the token of a user that a key names, and reports whether
// there was one.
func (s *Tokens) Revoke(ctx context.Context, user, key string) (revoked bool, err error) {
	err = s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		var row struct {
			Name  string
			Scope account.Scope
		}
		err := tx.GetContext(ctx, &row, `DELETE FROM tokens WHERE user_id = $1 AND substr(hash, 1, 16) = $2 RETURNING name, scope`, user, key)
		if err != nil {
			return err
		}
		return s.db.recordOf(ctx, tx, activity.TokenRevoked, user, activity.Between("token", tokenInWords(row.Name, row.Scope), "")...)
	})
	if none(err) {
		return false, nil
	}
	return err == nil, err
}
