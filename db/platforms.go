package db

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

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
}

func (r *platformRow) platform() fleet.Platform { return fleet.Platform(*r) }

const selectPlatforms = `
SELECT p.name, p.notes, p.created_at,
  COALESCE(r.version, '') AS version, r.published_at AS released_at, COALESCE(r.downloads, 0) AS downloads,
  (SELECT COUNT(*) FROM devices d WHERE d.platform = p.name) AS devices
FROM platforms p LEFT JOIN releases r ON r.platform = p.name AND r.version_key = p.offered_key`

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
	_, err := s.db.write.ExecContext(ctx,
		`INSERT INTO platforms (name, notes, created_at) VALUES ($1, $2, $3)`, name, notes, Now())
	if isDuplicate(err) {
		f := fault.Field("name", "There is a platform %s already.", name)
		f.Kind = fault.Conflict
		return f
	}
	return err
}

// SetNotes replaces a platform's notes.
func (s *Platforms) SetNotes(ctx context.Context, name, notes string) error {
	ok, err := changed(s.db.write.ExecContext(ctx, `UPDATE platforms SET notes = $2 WHERE name = $1`, name, notes))
	if err == nil && !ok {
		return noPlatform(name)
	}
	return err
}

// Delete removes a platform with its releases. Its devices become new devices
// and keep their notes.
func (s *Platforms) Delete(ctx context.Context, name string) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		ok, err := changed(tx.ExecContext(ctx, `DELETE FROM platforms WHERE name = $1`, name))
		if err != nil {
			return err
		}
		if !ok {
			return noPlatform(name)
		}
		return dropUnusedImages(ctx, tx)
	})
}

func noPlatform(name string) error {
	return fault.New(fault.NotFound, "There is no platform %s.", fleet.Cut(name, fleet.MaxReported))
}
