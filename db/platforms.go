package db

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

// Platforms keeps the platforms.
type Platforms struct{ db *DB }

type platformRow struct {
	Name       string
	Notes      string
	CreatedAt  time.Time `db:"created_at"`
	Version    string
	ReleasedAt *time.Time `db:"released_at"`
	Downloads  int64
	Devices    int64
	Passwords  fleet.Passwords
}

func (r *platformRow) platform() fleet.Platform { return fleet.Platform(*r) }

const selectPlatforms = `
SELECT p.name, p.notes, p.created_at,
  COALESCE(r.version, '') AS version, r.published_at AS released_at, COALESCE(r.downloads, 0) AS downloads,
  (SELECT COUNT(*) FROM devices d WHERE d.platform = p.name) AS devices,
  p.password_hash AS "passwords.hash", p.password_at AS "passwords.at",
  p.old_password_hash AS "passwords.oldhash", p.old_password_at AS "passwords.oldat", p.password_grace AS "passwords.grace"
FROM platforms p LEFT JOIN releases r ON r.platform = p.name AND r.filesystem = '' AND r.version_key = p.offered_key`

// List is all platforms by name.
func (s *Platforms) List(ctx context.Context) ([]fleet.Platform, error) {
	var rows []platformRow
	if err := s.db.read.SelectContext(ctx, &rows, selectPlatforms+` ORDER BY p.name`); err != nil {
		return nil, err
	}
	list := make([]fleet.Platform, len(rows))
	for i := range rows {
		list[i] = rows[i].platform()
	}
	return list, nil
}

// Names is the names of all platforms, in their order.
func (s *Platforms) Names(ctx context.Context) (names []string, err error) {
	err = s.db.read.SelectContext(ctx, &names, `SELECT name FROM platforms ORDER BY name`)
	return names, err
}

// Find is the platform of a name, or fault.NotFound.
func (s *Platforms) Find(ctx context.Context, name string) (*fleet.Platform, error) {
	var row platformRow
	err := s.db.read.GetContext(ctx, &row, selectPlatforms+` WHERE p.name = $1`, name)
	if none(err) {
		return nil, noPlatform(name)
	}
	p := row.platform()
	return &p, err
}

// Create adds a platform, or says fault.Conflict when the name is taken.
func (s *Platforms) Create(ctx context.Context, name, notes string) error {
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error { return s.create(ctx, tx, name, notes) })
}

func (s *Platforms) create(ctx context.Context, tx *sqlx.Tx, name, notes string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO platforms (name, notes, created_at) VALUES ($1, $2, $3)`, name, notes, Now())
	if isDuplicate(err) {
		f := fault.Field("name", "There is a platform %s already.", name)
		f.Kind = fault.Conflict
		return f
	}
	if err == nil {
		err = noteCatalog(ctx, tx)
	}
	if err != nil {
		return err
	}
	return s.db.record(ctx, tx, activity.Entry{Action: activity.PlatformCreated, Subject: name, Changes: activity.Between("notes", "", notes)})
}

// SetNotes replaces a platform's notes.
func (s *Platforms) SetNotes(ctx context.Context, name, notes string) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		var before string
		err := tx.GetContext(ctx, &before, `UPDATE platforms SET notes = notes WHERE name = $1 RETURNING notes`, name) // locks it
		if none(err) {
			return noPlatform(name)
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE platforms SET notes = $2 WHERE name = $1`, name, notes); err != nil {
			return err
		}
		return s.db.recordText(ctx, tx, activity.PlatformEdited, name, "notes", before, notes)
	})
}

// Delete removes a platform with its releases. Its devices become new devices
// and keep their notes, and their history says so; that of the platform goes.
func (s *Platforms) Delete(ctx context.Context, name string) error {
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		if err := revokeHistory(ctx, tx, name); err != nil {
			return err
		}
		was, err := offeredVersion(ctx, tx, line{platform: name})
		if err != nil {
			return err
		}
		id, err := keepDevices(ctx, tx, `SELECT mac FROM devices WHERE platform = $1`, name)
		if err != nil {
			return err
		}
		ok, err := changed(tx.ExecContext(ctx, `DELETE FROM platforms WHERE name = $1`, name))
		if err != nil {
			return err
		}
		if !ok {
			return noPlatform(name)
		}
		if err := noteCatalog(ctx, tx); err != nil {
			return err
		}
		e := activity.Entry{Action: activity.PlatformDeleted, Subject: name, Changes: activity.Between("offered release", was, "")}
		if err := s.db.recordDevices(ctx, tx, id, e, keptAll); err != nil {
			return err
		}
		return dropUnusedImages(ctx, tx)
	})
}

// revokeHistory notes that the devices of a platform, which is about to go, are
// on no whitelist from now on.
func revokeHistory(ctx context.Context, tx *sqlx.Tx, name string) error {
	if _, err := tx.ExecContext(ctx, `
INSERT INTO history (mac, at, event, platform) SELECT mac, $2, CAST($3 AS TEXT), platform FROM devices WHERE platform = $1
ON CONFLICT (mac, at, event) DO NOTHING`, name, Now(), fleet.Revoked); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM history WHERE mac = '' AND platform = $1`, name)
	return err
}

func noPlatform(name string) error {
	return fault.New(fault.NotFound, "There is no platform %s.", fleet.Cut(name, fleet.MaxReported))
}
