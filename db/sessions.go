package db

import (
	"context"
	"time"

	"esp-update-server/app/account"
)

// Sessions keeps who is signed in, and is the authority on it.
type Sessions struct{ db *DB }

type sessionRow struct {
	userRow
	Hash    string
	Agent   string
	IP      string
	Started time.Time `db:"started"`
	Used    time.Time `db:"used"`
}

// touchEvery is how stale the last use of a session may be: not every request
// of a page is worth a write.
const touchEvery = time.Minute

// Create opens a session.
func (s *Sessions) Create(ctx context.Context, hash, user, agent, ip string) error {
	now := Now()
	_, err := s.db.write.ExecContext(ctx, `
INSERT INTO sessions (hash, user_id, agent, ip, created_at, last_used) VALUES ($1, $2, $3, $4, $5, $5)`, hash, user, agent, ip, now)
	if err != nil {
		return err
	}
	_, err = s.db.write.ExecContext(ctx, `DELETE FROM sessions WHERE last_used < $1 OR created_at < $2`,
		now.Add(-account.SessionIdle), now.Add(-account.SessionLifetime))
	return err
}

// Find is the live session of a hash and its user, or nil.
func (s *Sessions) Find(ctx context.Context, hash string) (*account.Session, error) {
	now := Now()
	var row sessionRow
	err := s.db.read.GetContext(ctx, &row, `
SELECT `+userColumns+`, s.hash, s.agent, s.ip, s.created_at AS started, s.last_used AS used
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.hash = $1 AND s.last_used >= $2 AND s.created_at >= $3`,
		hash, now.Add(-account.SessionIdle), now.Add(-account.SessionLifetime))
	if none(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if now.Sub(row.Used) >= touchEvery {
		if _, err := s.db.write.ExecContext(ctx, `UPDATE sessions SET last_used = $2 WHERE hash = $1`, hash, now); err != nil {
			return nil, err
		}
	}
	return &account.Session{Hash: row.Hash, User: row.user(), Agent: row.Agent, IP: row.IP, CreatedAt: row.Started, LastUsed: row.Used}, nil
}

// Delete ends a session.
func (s *Sessions) Delete(ctx context.Context, hash string) error {
	_, err := s.db.write.ExecContext(ctx, `DELETE FROM sessions WHERE hash = $1`, hash)
	return err
}
