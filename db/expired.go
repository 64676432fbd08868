package db

import (
	"context"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/ota"
)

// DropExpired drops what nobody can use any more because its time is over. That
// it is good no more is told where it is looked up; this keeps it from piling up.
func (d *DB) DropExpired(ctx context.Context) error {
	now := Now()
	for _, e := range []struct {
		query string
		args  []any
	}{
		{`DELETE FROM links WHERE expires_at <= $1`, []any{now}},
		{`DELETE FROM challenges WHERE expires_at <= $1`, []any{now}},
		{`DELETE FROM sessions WHERE remember AND (last_used < $1 OR created_at < $2) OR NOT remember AND (last_used < $3 OR created_at < $4)`, ends(now)},
		{`DELETE FROM session_payloads WHERE e <> 0 AND e <= $1`, []any{now.Unix()}},
		{`DELETE FROM throttles WHERE tried < $1`, []any{before(now, account.MaxForget)}},
		{`DELETE FROM known_addresses WHERE seen < $1`, []any{before(now, account.KnownFor)}},
		{`DELETE FROM pins WHERE last_used <= $1`, []any{now.Add(-ota.PinLifetime)}},
	} {
		if _, err := d.exec(ctx, e.query, e.args...); err != nil {
			return err
		}
	}
	return nil
}

// before is some time before now, as the throttles keep times.
func before(now time.Time, past time.Duration) int64 { return now.Add(-past).UnixMilli() }
