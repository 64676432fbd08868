package db

import (
	"context"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
)

// Offer lets a platform offer any release of its history, one that was
// withdrawn too, or says fault.NotFound. The type of file system is "" for an
// application.
func (s *Releases) Offer(ctx context.Context, platform, filesystem string, v version.Version) error {
	l := line{platform, filesystem}
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		was, err := offeredVersion(ctx, tx, l)
		if err != nil {
			return err
		}
		ok, err := changed(tx.ExecContext(ctx,
			`UPDATE releases SET withdrawn_at = NULL WHERE platform = $1 AND filesystem = $2 AND version_key = $3`, l.platform, l.filesystem, v.Key()))
		if err != nil {
			return err
		}
		if !ok {
			return noRelease(l, v)
		}
		if err := offer(ctx, tx, l, v.Key()); err != nil {
			return err
		}
		if err := noteCatalog(ctx, tx); err != nil {
			return err
		}
		if err := s.db.recordOffer(ctx, tx, activity.ReleaseOffered, l, was, v.String()); err != nil {
			return err
		}
		return addHistory(ctx, tx, []fleet.Happening{{At: Now(), Event: fleet.OfferChosen, Platform: platform, Filesystem: filesystem, Version: v.String()}})
	})
}

// Withdraw takes the offered release back and offers the highest one below it
// that was not withdrawn; nothing when there is none. It fails with
// fault.Conflict when another release is offered by now. The type of file system
// is "" for an application.
func (s *Releases) Withdraw(ctx context.Context, platform, filesystem string, v version.Version) error {
	l := line{platform, filesystem}
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		ok, err := changed(tx.ExecContext(ctx, `
UPDATE `+l.table()+` SET offered_key = COALESCE((SELECT MAX(r.version_key) FROM releases r
  WHERE r.platform = $1 AND r.filesystem = $2 AND r.version_key < $3 AND r.withdrawn_at IS NULL), '')
WHERE `+l.row()+` AND offered_key = $3`, l.platform, l.filesystem, v.Key()))
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.Conflict, "%s does not offer %s any more: look at what it offers now.",
				platform, release.Name(fleet.Cut(filesystem, fleet.MaxReported), v.String()))
		}
		now := Now()
		if _, err := tx.ExecContext(ctx,
			`UPDATE releases SET withdrawn_at = $4 WHERE platform = $1 AND filesystem = $2 AND version_key = $3`, l.platform, l.filesystem, v.Key(), now); err != nil {
			return err
		}
		h := fleet.Happening{At: now, Event: fleet.Withdrawn, Platform: platform, Filesystem: filesystem, FromVersion: v.String()}
		if h.Version, err = l.offered(ctx, tx); err != nil {
			return err
		}
		if err := noteCatalog(ctx, tx); err != nil {
			return err
		}
		if err := s.db.recordOffer(ctx, tx, activity.ReleaseWithdrawn, l, v.String(), h.Version); err != nil {
			return err
		}
		return addHistory(ctx, tx, []fleet.Happening{h})
	})
}

// recordOffer tells in the activity what a line offered before, and offers now.
func (d *DB) recordOffer(ctx context.Context, tx *sqlx.Tx, a activity.Action, l line, was, is string) error {
	return d.recordText(ctx, tx, a, l.platform, "offered release", release.Name(l.filesystem, was), release.Name(l.filesystem, is))
}

// offeredVersion is the version that a line offers, "" for none, which nobody
// else changes until the transaction ends.
func offeredVersion(ctx context.Context, tx *sqlx.Tx, l line) (v string, err error) {
	if _, err := tx.ExecContext(ctx, `UPDATE platforms SET notes = notes WHERE name = $1`, l.platform); err != nil {
		return "", err
	}
	return l.offered(ctx, tx)
}

func offer(ctx context.Context, tx *sqlx.Tx, l line, key string) error {
	_, err := tx.ExecContext(ctx, `UPDATE `+l.table()+` SET offered_key = $3 WHERE `+l.row(), l.platform, l.filesystem, key)
	return err
}

// Runners is how many devices of a platform run a version, and how many a
// higher one; of the file systems of a type, how many say that they have it.
func (s *Releases) Runners(ctx context.Context, platform, filesystem string, v version.Version) (same, higher int64, err error) {
	if filesystem != "" {
		return s.havers(ctx, line{platform, filesystem}, v)
	}
	var row struct{ Same, Higher int64 }
	err = s.db.read.GetContext(ctx, &row, `
SELECT COALESCE(SUM(CASE WHEN version_key = $2 THEN 1 ELSE 0 END), 0) AS same,
  COALESCE(SUM(CASE WHEN version_key > $2 THEN 1 ELSE 0 END), 0) AS higher
FROM devices WHERE platform = $1 AND last_seen IS NOT NULL`, platform, v.Key())
	return row.Same, row.Higher, err
}

// havers is Runners for a file system. How the versions are ordered that devices
// say is not kept with them, as few devices have one.
func (s *Releases) havers(ctx context.Context, l line, v version.Version) (same, higher int64, err error) {
	var rows []struct {
		Report  fleet.Report
		Version string
		Devices int64
	}
	err = s.db.read.SelectContext(ctx, &rows, `
SELECT family AS "report.family", filesystem AS "report.mode", filesystem_version AS version, COUNT(*) AS devices
FROM devices WHERE platform = $1 AND filesystem <> '' GROUP BY family, filesystem, filesystem_version`, l.platform)
	for i := range rows {
		order := version.ParseLenient(rows[i].Version).Compare(v)
		switch {
		case !rows[i].Report.TakesFilesystem(l.filesystem):
		case order == 0:
			same += rows[i].Devices
		case order > 0:
			higher += rows[i].Devices
		}
	}
	return same, higher, err
}
