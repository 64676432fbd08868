package db

import (
	"context"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/account"
	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
)

// Factors keeps second factors, their recovery codes, and the sign-ins that
// wait for a code.
type Factors struct{ db *DB }

// Begin keeps a secret that counts once a code confirms it, and gives the one
// that waits already, so that a page that is looked at twice shows it again.
func (s *Factors) Begin(ctx context.Context, user, secret string) (string, error) {
	var kept string
	err := s.db.write.GetContext(ctx, &kept, `
INSERT INTO second_factors (user_id, secret, confirmed) VALUES ($1, $2, $3)
ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id WHERE NOT second_factors.confirmed RETURNING secret`, user, secret, false)
	if none(err) {
		return "", fault.New(fault.Conflict, "A second factor is set up already: remove it first.")
	}
	return kept, orFull(err)
}

// Secret is that of a user's second factor; "" when there is none, or none that
// is confirmed as asked.
func (s *Factors) Secret(ctx context.Context, user string, confirmed bool) (string, error) {
	var secret string
	err := s.db.read.GetContext(ctx, &secret, `SELECT secret FROM second_factors WHERE user_id = $1 AND confirmed = $2`, user, confirmed)
	if none(err) {
		return "", nil
	}
	return secret, err
}

// Confirm lets the second factor with a secret count, of which a code was used,
// and keeps the hashes of its recovery codes.
func (s *Factors) Confirm(ctx context.Context, user, secret string, step int64, codes []string) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		ok, err := changed(tx.ExecContext(ctx, `
UPDATE second_factors SET confirmed = $3, last_step = $4 WHERE user_id = $1 AND secret = $2 AND NOT confirmed`, user, secret, true, step))
		if err == nil && !ok {
			err = fault.New(fault.Conflict, "This second factor was confirmed or removed meanwhile.")
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM recovery_codes WHERE user_id = $1`, user); err != nil {
			return err
		}
		for _, hash := range codes {
			if _, err := tx.ExecContext(ctx, `INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)`, user, hash); err != nil {
				return err
			}
		}
		return s.db.recordOf(ctx, tx, activity.FactorAdded, user)
	})
}

// UseStep uses up the code of a time step and all before it. Of two at once,
// one does.
func (s *Factors) UseStep(ctx context.Context, user string, step int64) (used bool, err error) {
	return changed(s.db.exec(ctx,
		`UPDATE second_factors SET last_step = $2 WHERE user_id = $1 AND confirmed AND last_step < $2`, user, step))
}

// UseRecoveryCode uses up a recovery code.
func (s *Factors) UseRecoveryCode(ctx context.Context, user, hash string) (used bool, err error) {
	err = s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		used, err = changed(tx.ExecContext(ctx, `DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2`, user, hash))
		if err != nil || !used {
			return err
		}
		return s.db.recordOf(ctx, tx, activity.RecoveryCodeUsed, user)
	})
	return used && err == nil, err
}

// RecoveryCodes is how many a user has left.
func (s *Factors) RecoveryCodes(ctx context.Context, user string) (n int, err error) {
	err = s.db.read.GetContext(ctx, &n, `SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1`, user)
	return n, err
}

// Remove ends a user's second factor.
func (s *Factors) Remove(ctx context.Context, user string) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM recovery_codes WHERE user_id = $1`, user); err != nil {
			return err
		}
		was, err := changed(tx.ExecContext(ctx, `DELETE FROM second_factors WHERE user_id = $1 AND confirmed`, user))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM second_factors WHERE user_id = $1`, user); err != nil || !was {
			return err
		}
		return s.db.recordOf(ctx, tx, activity.FactorRemoved, user)
	})
}

// Challenge keeps that somebody knew a user's password, until a code comes.
func (s *Factors) Challenge(ctx context.Context, hash, user string, remember bool) error {
	_, err := s.db.exec(ctx, `INSERT INTO challenges (hash, user_id, remember, expires_at) VALUES ($1, $2, $3, $4)`,
		hash, user, remember, Now().Add(account.ChallengeLifetime))
	return err
}

// FindChallenge is the challenge of a hash, or nil.
func (s *Factors) FindChallenge(ctx context.Context, hash string) (*account.Challenge, error) {
	var row struct {
		userRow
		Remember bool
	}
	err := s.db.read.GetContext(ctx, &row, `
SELECT `+userColumns+`, c.remember FROM challenges c JOIN users u ON u.id = c.user_id
WHERE c.hash = $1 AND c.expires_at > $2 AND c.attempts < $3`, hash, Now(), account.ChallengeAttempts)
	if none(err) {
		return nil, nil
	}
	return &account.Challenge{User: row.user(), Remember: row.Remember}, err
}

// Attempt counts a code that is tried for a challenge, and reports whether it
// may be.
func (s *Factors) Attempt(ctx context.Context, hash string) (may bool, err error) {
	return changed(s.db.exec(ctx, `
UPDATE challenges SET attempts = attempts + 1 WHERE hash = $1 AND expires_at > $2 AND attempts < $3`, hash, Now(), account.ChallengeAttempts))
}

// EndChallenge ends a challenge; of two at once, one does.
func (s *Factors) EndChallenge(ctx context.Context, hash string) (ended bool, err error) {
	return changed(s.db.exec(ctx, `DELETE FROM challenges WHERE hash = $1`, hash))
}
