package db

import (
	"context"
	"database/sql"
	"time"

	"esp-update-server/app/fleet"
)

// deadAfter is for how long a process may keep nothing of what it heard while
// something of it is not settled; then it is gone, and others take care of that.
// They have done so dropHeardAfter.
const (
	deadAfter      = 10 * time.Minute
	dropHeardAfter = 15 * time.Minute
)

// Saw keeps when the devices of a part were heard, as far as it is not settled in
// their rows, in place of what this process kept of the part before.
func (s *Devices) Saw(ctx context.Context, part int, list []fleet.Seen) error {
	if len(list) == 0 {
		_, err := s.db.exec(ctx, `DELETE FROM heard WHERE writer = $1 AND part = $2`, s.db.writer, part)
		return err
	}
	_, err := s.db.exec(ctx, `
INSERT INTO heard (writer, part, at, data) VALUES ($1, $2, $3, $4)
ON CONFLICT (writer, part) DO UPDATE SET at = excluded.at, data = excluded.data`, s.db.writer, part, Now(), fleet.AppendSeen(nil, list))
	return err
}

// Settle writes when devices were heard to their rows, by which lists are sorted
// and states are told. Another process may have heard them later; a time that
// lies ahead is that of a clock that was wrong.
func (s *Devices) Settle(ctx context.Context, list []fleet.Seen) error {
	text, args := s.db.engine.settle(list)
	_, err := s.db.exec(ctx, text, append(args, Now())...)
	return err
}

// Seen hands over when devices were heard, where that is not settled in their
// rows: what other processes kept since a time, or, for the zero time, what
// anyone did. What nobody else will settle any more is left.
func (s *Index) Seen(ctx context.Context, since time.Time, each func(seen fleet.Seen, left bool)) error {
	dead := Now().Add(-deadAfter)
	rows, err := s.db.read.QueryContext(ctx, `
SELECT writer, at, data FROM heard WHERE $1 OR writer <> $2 AND (at > $3 OR at <= $4)`, since.IsZero(), s.db.writer, since, dead)
	if err != nil {
		return err
	}
	defer rows.Close()
	var writer string
	var at time.Time
	var data sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&writer, &at, &data); err != nil {
			return err
		}
		left := writer == s.db.writer || !at.After(dead)
		fleet.ReadSeen(data, func(seen fleet.Seen) { each(seen, left) })
	}
	return rows.Err()
}

// DropSeen lets go of what processes left that are gone. Who calls it has taken
// care of it since it was told that it is left.
func (s *Index) DropSeen(ctx context.Context) error {
	_, err := s.db.exec(ctx, `DELETE FROM heard WHERE writer <> $1 AND at <= $2`, s.db.writer, Now().Add(-dropHeardAfter))
	return err
}
