package db

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
)

// Publish makes a release of an image, with its merged file if there is one,
// offers it, drops the releases beyond those to keep and the draft it came from,
// all in one transaction. It fails with fault.NotFound when the platform is gone,
// and with release.NotHigher when as high a version was published meanwhile.
func (s *Releases) Publish(ctx context.Context, p *release.Publication) error {
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error { return s.publish(ctx, tx, p) })
}

func (s *Releases) publish(ctx context.Context, tx *sqlx.Tx, p *release.Publication) error {
	was, err := offeredVersion(ctx, tx, p.Platform)
	if err != nil {
		return err
	}
	if err := raise(ctx, tx, p); err != nil {
		return err
	}
	if err := s.db.recordText(ctx, tx, activity.ReleasePublished, p.Platform, "offered release", was, p.Version.String()); err != nil {
		return err
	}
	if err := insertRelease(ctx, tx, p); err != nil {
		return err
	}
	if i := p.Installation(); i != nil {
		if err := s.addMerged(ctx, tx, i); err != nil {
			return err
		}
	}
	if err := noteCatalog(ctx, tx); err != nil {
		return err
	}
	if err := addHistory(ctx, tx, []fleet.Happening{{At: Now(), Event: fleet.Published, Platform: p.Platform, Version: p.Version.String(), Detail: p.By}}); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM drafts WHERE id = $1`, p.Draft); err != nil {
		return err
	}
	if err := prune(ctx, tx, p.Platform, p.Keep); err != nil {
		return err
	}
	return dropUnusedImages(ctx, tx)
}

// raise lets the platform's versions only rise: of two that publish at once the
// second waits here for the first, and then finds its version.
func raise(ctx context.Context, tx *sqlx.Tx, p *release.Publication) error {
	key := p.Version.Key()
	ok, err := changed(tx.ExecContext(ctx, `
UPDATE platforms SET top_version = $2, top_key = $3, offered_key = $3 WHERE name = $1 AND top_key < $3`,
		p.Platform, p.Version.String(), key))
	if err != nil || ok {
		return err
	}
	var top string
	err = tx.GetContext(ctx, &top, `SELECT top_version FROM platforms WHERE name = $1`, p.Platform)
	if none(err) {
		return noPlatform(p.Platform)
	}
	if err != nil {
		return err
	}
	return release.NotHigher(p.Platform, p.Version.String(), top)
}

func insertRelease(ctx context.Context, tx *sqlx.Tx, p *release.Publication) error {
	inspection, err := json.Marshal(p.Image.Inspection)
	if err != nil {
		return err
	}
	if err := saveImage(ctx, tx, p.Image.SHA256, p.Data); err != nil {
		return err
	}
	key := p.Version.Key()
	if _, err := tx.ExecContext(ctx, `
INSERT INTO releases (platform, version_key, version, published_at, published_by) VALUES ($1, $2, $3, $4, $5)`,
		p.Platform, key, p.Version.String(), Now(), p.By); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
INSERT INTO release_images (platform, version_key, sha256, md5, chip, family, running, appended, inspection, packed_size)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		p.Platform, key, p.Image.SHA256, p.Image.MD5, p.Image.Chip, p.Image.Family,
		strings.Join(p.Image.Running, " "), p.Image.Appended, string(inspection), p.Image.PackedSize)
	return err
}

// prune removes all but the newest releases of a platform, never the offered one.
func prune(ctx context.Context, tx *sqlx.Tx, platform string, keep int) error {
	_, err := tx.ExecContext(ctx, `
DELETE FROM releases WHERE platform = $1
  AND version_key NOT IN (SELECT version_key FROM releases WHERE platform = $1 ORDER BY version_key DESC LIMIT $2)
  AND version_key <> (SELECT offered_key FROM platforms WHERE name = $1)`, platform, keep)
	return err
}
