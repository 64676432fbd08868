package db

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
)

// mergedColumns is the part of a row of selectReleases about a merged file.
type mergedColumns struct {
	SHA256 sql.NullString
	MD5    string
	Size   int64
	Offset int64
}

func (m *mergedColumns) merged() *release.Merged {
	if !m.SHA256.Valid {
		return nil
	}
	return &release.Merged{SHA256: m.SHA256.String, MD5: m.MD5, Size: m.Size, Offset: m.Offset}
}

// AddMerged keeps a merged file beside the image of a release, in place of the
// one that was kept before, and drops the draft it came from, all in one
// transaction. It fails with fault.NotFound when the image is gone.
func (s *Releases) AddMerged(ctx context.Context, i *release.Installation) error {
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		if err := s.addMerged(ctx, tx, i); err != nil {
			return err
		}
		if err := noteCatalog(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM drafts WHERE id = $1`, i.Draft); err != nil {
			return err
		}
		return dropUnusedImages(ctx, tx)
	})
}

func (s *Releases) addMerged(ctx context.Context, tx *sqlx.Tx, i *release.Installation) error {
	platform, v, m := i.Release.Platform, i.Release.Version, i.Merged
	if err := saveImage(ctx, tx, m.SHA256, i.Data); err != nil {
		return err
	}
	ok, err := changed(tx.ExecContext(ctx, `
UPDATE release_images SET merged_sha256 = $4, merged_md5 = $5, merged_offset = $6
WHERE platform = $1 AND version_key = $2 AND sha256 = $3`, platform, v.Key(), i.Image, m.SHA256, m.MD5, m.Offset))
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.NotFound, "The release %s of %s is gone: look at those that there are now.", v, platform)
	}
	return s.tellOfMerged(ctx, tx, activity.FirstInstallationAdded, platform, "", v.String())
}

// RemoveMerged ends that a merged file, named by its MD5, is kept beside a
// release. It says fault.Conflict when it is not any more.
func (s *Releases) RemoveMerged(ctx context.Context, platform string, v version.Version, md5 string) error {
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		ok, err := changed(tx.ExecContext(ctx, `
UPDATE release_images SET merged_sha256 = NULL, merged_md5 = '', merged_offset = 0
WHERE platform = $1 AND version_key = $2 AND merged_sha256 IS NOT NULL AND merged_md5 = $3`, platform, v.Key(), md5))
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.Conflict, "No such file is kept beside %s of %s any more: look at what there is now.", v, fleet.Cut(platform, fleet.MaxReported))
		}
		if err := noteCatalog(ctx, tx); err != nil {
			return err
		}
		if err := s.tellOfMerged(ctx, tx, activity.FirstInstallationRemoved, platform, v.String(), ""); err != nil {
			return err
		}
		return dropUnusedImages(ctx, tx)
	})
}

// tellOfMerged tells the activity for which release a merged file came or went.
func (s *Releases) tellOfMerged(ctx context.Context, tx *sqlx.Tx, a activity.Action, platform, before, after string) error {
	return s.db.recordText(ctx, tx, a, platform, "first installation", before, after)
}
