package db

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

type manifestKeyRow struct {
	Hash      string
	Platform  string
	CreatedAt time.Time  `db:"created_at"`
	CreatedBy string     `db:"created_by"`
	LastUsed  *time.Time `db:"last_used"`
}

func (r *manifestKeyRow) key() fleet.ManifestKey { return fleet.ManifestKey(*r) }

const selectManifestKeys = `SELECT hash, platform, created_at, created_by, last_used FROM manifest_keys`

// ManifestKeys is the manifest keys of a platform, the newest first.
func (s *Platforms) ManifestKeys(ctx context.Context, name string) ([]fleet.ManifestKey, error) {
	return s.db.manifestKeys(ctx, ` WHERE platform = $1 ORDER BY created_at DESC, hash`, name)
}

func (d *DB) manifestKeys(ctx context.Context, where string, args ...any) ([]fleet.ManifestKey, error) {
	var rows []manifestKeyRow
	err := d.read.SelectContext(ctx, &rows, selectManifestKeys+where, args...)
	list := make([]fleet.ManifestKey, len(rows))
	for i := range rows {
		list[i] = rows[i].key()
	}
	return list, err
}

// AddManifestKey keeps a manifest key of a platform, given by its hash. It says
// fault.Conflict when the platform has as many as it can.
func (s *Platforms) AddManifestKey(ctx context.Context, name, hash string) error {
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := passwordsOf(ctx, tx, name); err != nil {
			return err
		}
		var n int
		if err := tx.GetContext(ctx, &n, `SELECT COUNT(*) FROM manifest_keys WHERE platform = $1`, name); err != nil {
			return err
		}
		if n >= fleet.MaxManifestKeys {
			return fault.New(fault.Conflict, "%s has %d manifest keys already: revoke one that is not used any more.", name, n)
		}
		if _, err := tx.ExecContext(ctx, `
INSERT INTO manifest_keys (hash, platform, created_at, created_by) VALUES ($1, $2, $3, $4)`, hash, name, Now(), s.db.authorOf(ctx).Name); err != nil {
			return err
		}
		return s.tellOfKey(ctx, tx, activity.ManifestKeyMade, name)
	})
}

// RevokeManifestKey ends that a key of a platform, named by fleet.ManifestKey.Key,
// admits anybody. It says fault.Conflict when there is none of that name any more.
func (s *Platforms) RevokeManifestKey(ctx context.Context, name, key string) error {
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		ok, err := changed(tx.ExecContext(ctx, `DELETE FROM manifest_keys WHERE platform = $1 AND substr(hash, 1, 16) = $2`, name, key))
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.Conflict, "%s has no such manifest key any more: look at those that it has now.", fleet.Cut(name, fleet.MaxReported))
		}
		return s.tellOfKey(ctx, tx, activity.ManifestKeyRevoked, name)
	})
}

// tellOfKey tells the index and the activity that the keys of a platform changed.
func (s *Platforms) tellOfKey(ctx context.Context, tx *sqlx.Tx, a activity.Action, name string) error {
	if err := noteCatalog(ctx, tx); err != nil {
		return err
	}
	return s.db.record(ctx, tx, activity.Entry{Action: a, Subject: name})
}

// UsedManifestKey keeps when a key was used, unless it is known to have been used
// later.
func (s *Platforms) UsedManifestKey(ctx context.Context, hash string, at time.Time) error {
	_, err := s.db.exec(ctx, `
UPDATE manifest_keys SET last_used = $2 WHERE hash = $1 AND (last_used IS NULL OR last_used < $2)`, hash, at)
	return err
}

// ManifestKeys is the manifest keys of all platforms.
func (s *Index) ManifestKeys(ctx context.Context) ([]fleet.ManifestKey, error) {
	return s.db.manifestKeys(ctx, "")
}
