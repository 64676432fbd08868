package db

import (
	"context"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/version"
)

// Offer lets a platform offer any release of its history, one that was
// withdrawn too, or says fault.NotFound.
func (s *Releases) Offer(ctx context.Context, platform string, v version.Version) error {
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		was, err := offeredVersion(ctx, tx, platform)
		if err != nil {
			return err
		}
		if err := offer(ctx, tx, platform, v.Key()); err != nil {
			return err
		}
		ok, err := changed(tx.ExecContext(ctx,
			`UPDATE releases SET withdrawn_at = NULL WHERE platform = $1 AND version_key = $2`, platform, v.Key()))
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.NotFound, "There is no release %s of %s.", v, platform)
		}
		if err := noteCatalog(ctx, tx); err != nil {
			return err
		}
		if err := s.db.recordText(ctx, tx, activity.ReleaseOffered, platform, "offered release", was, v.String()); err != nil {
			return err
		}
		return addHistory(ctx, tx, []fleet.Happening{{At: Now(), Event: fleet.OfferChosen, Platform: platform, Version: v.String()}})
	})
}

// Withdraw takes the offered release back and offers the highest one below it
// that was not withdrawn; nothing when there is none. It fails with
// fault.Conflict when another release is offered by now.
func (s *Releases) Withdraw(ctx context.Context, platform string, v version.Version) error {
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		ok, err := changed(tx.ExecContext(ctx, `
UPDATE platforms SET offered_key = COALESCE((SELECT MAX(r.version_key) FROM releases r
  WHERE r.platform = $1 AND r.version_key < $2 AND r.withdrawn_at IS NULL), '')
WHERE name = $1 AND offered_key = $2`, platform, v.Key()))
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.Conflict, "%s does not offer %s any more: look at what it offers now.", platform, v)
		}
		now := Now()
		if _, err := tx.ExecContext(ctx,
			`UPDATE releases SET withdrawn_at = $3 WHERE platform = $1 AND version_key = $2`, platform, v.Key(), now); err != nil {
			return err
		}
		h := fleet.Happening{At: now, Event: fleet.Withdrawn, Platform: platform, FromVersion: v.String()}
		err = tx.GetContext(ctx, &h.Version, `
SELECT COALESCE(MAX(r.version), '') FROM platforms p JOIN releases r ON r.platform = p.name AND r.version_key = p.offered_key
WHERE p.name = $1`, platform)
		if err != nil {
			return err
		}
		if err := noteCatalog(ctx, tx); err != nil {
			return err
		}
		if err := s.db.recordText(ctx, tx, activity.ReleaseWithdrawn, platform, "offered release", v.String(), h.Version); err != nil {
			return err
		}
		return addHistory(ctx, tx, []fleet.Happening{h})
	})
}

// offeredVersion is the version that a platform offers, "" for none, which
// nobody else changes until the transaction ends.
func offeredVersion(ctx context.Context, tx *sqlx.Tx, platform string) (v string, err error) {
	if _, err := tx.ExecContext(ctx, `UPDATE platforms SET notes = notes WHERE name = $1`, platform); err != nil {
		return "", err
	}
	err = tx.GetContext(ctx, &v, `
SELECT COALESCE(MAX(r.version), '') FROM platforms p JOIN releases r ON r.platform = p.name AND r.version_key = p.offered_key
WHERE p.name = $1`, platform)
	return v, err
}

// offer also locks the platform until the transaction ends.
func offer(ctx context.Context, tx *sqlx.Tx, platform, key string) error {
	ok, err := changed(tx.ExecContext(ctx, `UPDATE platforms SET offered_key = $2 WHERE name = $1`, platform, key))
	if err == nil && !ok {
		return noPlatform(platform)
	}
	return err
}

// Runners is how many devices of a platform run a version, and how many a
// higher one.
func (s *Releases) Runners(ctx context.Context, platform string, v version.Version) (same, higher int64, err error) {
	var row struct{ Same, Higher int64 }
	err = s.db.read.GetContext(ctx, &row, `
SELECT COALESCE(SUM(CASE WHEN version_key = $2 THEN 1 ELSE 0 END), 0) AS same,
  COALESCE(SUM(CASE WHEN version_key > $2 THEN 1 ELSE 0 END), 0) AS higher
FROM devices WHERE platform = $1 AND last_seen IS NOT NULL`, platform, v.Key())
	return row.Same, row.Higher, err
}
