package db

import (
	"context"
	"time"

	"esp-update-server/app/account"
)

// Throttles counts what strangers try, over all processes.
type Throttles struct{ db *DB }

// Take counts a try, or says how long it must rest: then it is not counted, so
// that a pause ends whoever knocks meanwhile. The count comes before the try,
// or many at once would all go through. A rest
// that is longer than any can be is that of a clock which went back.
func (s *Throttles) Take(ctx context.Context, t account.Try, now time.Time) (wait time.Duration, err error) {
	ms, l := now.UnixMilli(), t.Limit
	taken, err := changed(s.db.exec(ctx, `
INSERT INTO throttles (key, tries, tried, resting) VALUES ($1, 1, $2, 0)
ON CONFLICT (key) DO UPDATE SET
  tries = CASE WHEN throttles.tried < $3 THEN 1 ELSE throttles.tries + 1 END,
  tried = excluded.tried,
  resting = CASE
    WHEN throttles.tried < $3 OR throttles.tries < $4 THEN 0
    WHEN throttles.tries - $4 >= $5 THEN excluded.tried + $6
    ELSE excluded.tried + (CAST($7 AS BIGINT) << CAST(throttles.tries - $4 AS INTEGER)) END
WHERE throttles.resting <= excluded.tried OR throttles.resting > excluded.tried + $6`,
		t.Key, ms, now.Add(-l.Forget).UnixMilli(), l.Free, l.Doublings(), l.Longest.Milliseconds(), l.Pause.Milliseconds()))
	if err != nil || taken {
		return 0, err
	}
	var resting int64
	err = s.db.read.GetContext(ctx, &resting, `SELECT resting FROM throttles WHERE key = $1`, t.Key)
	if none(err) { // it was forgiven just now
		return time.Second, nil
	}
	return max(time.Duration(resting-ms)*time.Millisecond, time.Millisecond), err
}

// Forgive forgets the tries of those who proved to be who they are.
func (s *Throttles) Forgive(ctx context.Context, key string) error {
	_, err := s.db.exec(ctx, `DELETE FROM throttles WHERE key = $1`, key)
	return err
}

// GiveBack takes one try of many off the count: it was no guess.
func (s *Throttles) GiveBack(ctx context.Context, key string) error {
	_, err := s.db.exec(ctx, `UPDATE throttles SET tries = tries - 1 WHERE key = $1 AND tries > 0`, key)
	return err
}

// Known reports whether somebody signed in lately under a key, which stands for
// an account and an address.
func (s *Throttles) Known(ctx context.Context, key string) (bool, error) {
	var n int
	err := s.db.read.GetContext(ctx, &n, `SELECT COUNT(*) FROM known_addresses WHERE key = $1`, key)
	return n > 0, err
}

// Know keeps that somebody signed in under a key.
func (s *Throttles) Know(ctx context.Context, key string, now time.Time) error {
	_, err := s.db.exec(ctx, `
INSERT INTO known_addresses (key, seen) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET seen = excluded.seen`, key, now.UnixMilli())
	return err
}
