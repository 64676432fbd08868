package db

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/account"
	"esp-update-server/app/activity"
)

// Sessions keeps who is signed in, and is the authority on it.
type Sessions struct{ db *DB }

type sessionRow struct {
	userRow
	Hash        string
	Agent       string
	IP          string
	Remember    bool
	SessionRole account.Role `db:"session_role"`
	Started     time.Time    `db:"started"`
	Used        time.Time    `db:"used"`
}

func (r *sessionRow) session() account.Session {
	return account.Session{
		Hash: r.Hash, User: r.user(), Agent: r.Agent, IP: r.IP, Remember: r.Remember, Role: r.SessionRole, CreatedAt: r.Started, LastUsed: r.Used,
	}
}

// touchEvery is how stale the last use of a session may be: not every request
// of a page is worth a write.
const touchEvery = time.Minute

// Create opens a session and notes the time of the sign-in.
func (s *Sessions) Create(ctx context.Context, hash, user, agent, ip string, remember bool) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := createSession(ctx, tx, hash, user, agent, ip, remember); err != nil {
			return err
		}
		u, err := getUser(ctx, tx, `u.id = $1`, user)
		if err != nil {
			return err
		}
		e := activity.Entry{Action: activity.SignedIn, Subject: u.Email}
		return s.db.recordOnce(ctx, tx, e, "signed in "+user+" "+ip, activity.FoldSignIns)
	})
}

func createSession(ctx context.Context, tx *sqlx.Tx, hash, user, agent, ip string, remember bool) error {
	now := Now()
	_, err := tx.ExecContext(ctx, `
INSERT INTO sessions (hash, user_id, agent, ip, remember, role, created_at, last_used)
VALUES ($1, $2, $3, $4, $5, COALESCE((SELECT role FROM users WHERE id = $2), ''), $6, $6)`, hash, user, agent, ip, remember, now)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE users SET last_sign_in = $2 WHERE id = $1`, user, now)
	return err
}

// ends are the times at which sessions ended by now: the last use and the start
// of those that are remembered, and of those that are not.
func ends(now time.Time) []any {
	return []any{
		now.Add(-account.RememberedIdle), now.Add(-account.RememberedLifetime),
		now.Add(-account.SessionIdle), now.Add(-account.SessionLifetime),
	}
}

const liveSessions = `
SELECT ` + userColumns + `, s.hash, s.agent, s.ip, s.remember, s.role AS session_role, s.created_at AS started, s.last_used AS used
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE (s.remember AND s.last_used >= $1 AND s.created_at >= $2 OR NOT s.remember AND s.last_used >= $3 AND s.created_at >= $4)`

// Find is the live session of a hash and its user, or nil.
func (s *Sessions) Find(ctx context.Context, hash string) (*account.Session, error) {
	now := Now()
	var row sessionRow
	err := s.db.read.GetContext(ctx, &row, liveSessions+` AND s.hash = $5`, append(ends(now), hash)...)
	if none(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if now.Sub(row.Used) >= touchEvery {
		if err := s.db.touch(ctx, `UPDATE sessions SET last_used = $2 WHERE hash = $1`, hash, now); err != nil {
			return nil, err
		}
	}
	found := row.session()
	return &found, nil
}

// Of is the live sessions of a user, the last used first.
func (s *Sessions) Of(ctx context.Context, user string) ([]account.Session, error) {
	var rows []sessionRow
	err := s.db.read.SelectContext(ctx, &rows, liveSessions+` AND s.user_id = $5 ORDER BY s.last_used DESC, s.hash`, append(ends(Now()), user)...)
	list := make([]account.Session, len(rows))
	for i := range rows {
		list[i] = rows[i].session()
	}
	return list, err
}

// Renew gives a session another id and its user's role of now. Of two at once,
// one does.
func (s *Sessions) Renew(ctx context.Context, hash, newHash string) (renewed bool, err error) {
	return changed(s.db.exec(ctx, `
UPDATE sessions SET hash = $2, role = (SELECT u.role FROM users u WHERE u.id = sessions.user_id) WHERE hash = $1`, hash, newHash))
}

// Delete ends a session. That of the author is told as signing out; another one
// was over already, or makes room.
func (s *Sessions) Delete(ctx context.Context, hash string) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		var user string
		err := tx.GetContext(ctx, &user, `DELETE FROM sessions WHERE hash = $1 RETURNING user_id`, hash)
		if none(err) || err == nil && user != s.db.authorOf(ctx).UserID {
			return nil
		}
		if err != nil {
			return err
		}
		a := s.db.authorOf(ctx)
		e := activity.Entry{Action: activity.SignedOut, Subject: a.Name}
		return s.db.recordOnce(ctx, tx, e, "signed out "+user+" "+a.IP, activity.FoldSignIns)
	})
}

// End ends the session of a user that a key names, and reports whether there
// was one.
func (s *Sessions) End(ctx context.Context, user, key string) (ended bool, err error) {
	err = s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		ended, err = changed(tx.ExecContext(ctx, `DELETE FROM sessions WHERE user_id = $1 AND substr(hash, 1, 16) = $2`, user, key))
		if err != nil || !ended {
			return err
		}
		return s.db.recordOf(ctx, tx, activity.SessionEnded, user)
	})
	return ended, err
}

// EndAll ends all sessions of a user, and sign-ins that wait for a code.
func (s *Sessions) EndAll(ctx context.Context, user string) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM challenges WHERE user_id = $1`, user); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE user_id = $1`, user); err != nil {
			return err
		}
		return s.db.recordOf(ctx, tx, activity.SignedOutEverywhere, user)
	})
}
