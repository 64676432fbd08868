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
	l := line{p.Platform, p.Filesystem}
	was, err := offeredVersion(ctx, tx, l)
	if err != nil {
		return err
	}
	if err := raise(ctx, tx, p); err != nil {
		return err
	}
	if err := s.db.recordOffer(ctx, tx, activity.ReleasePublished, l, was, p.Version.String()); err != nil {
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
	if err := addHistory(ctx, tx, []fleet.Happening{{At: Now(), Event: fleet.Published, Platform: p.Platform, Filesystem: p.Filesystem, Version: p.Version.String(), Detail: p.By}}); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM drafts WHERE id = $1`, p.Draft); err != nil {
		return err
	}
	if err := prune(ctx, tx, l, p.Keep); err != nil {
		return err
	}
	return dropUnusedImages(ctx, tx)
}

// raise lets the versions of a line only rise: of two that publish at once the
// second waits here for the first, and then finds its version.
func raise(ctx context.Context, tx *sqlx.Tx, p *release.Publication) error {
	l := line{p.Platform, p.Filesystem}
	if err := l.begin(ctx, tx); err != nil {
		return err
	}
	ok, err := changed(tx.ExecContext(ctx, `
UPDATE `+l.table()+` SET top_version = $3, top_key = $4, offered_key = $4 WHERE `+l.row()+` AND top_key < $4`,
		l.platform, l.filesystem, p.Version.String(), p.Version.Key()))
	if err != nil || ok {
		return err
	}
	var top string
	err = tx.GetContext(ctx, &top, `SELECT top_version FROM `+l.table()+` WHERE `+l.row(), l.platform, l.filesystem)
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
INSERT INTO releases (platform, filesystem, version_key, version, published_at, published_by) VALUES ($1, $2, $3, $4, $5, $6)`,
		p.Platform, p.Filesystem, key, p.Version.String(), Now(), p.By); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
INSERT INTO release_images (platform, filesystem, version_key, sha256, md5, chip, family, running, appended, inspection, packed_size)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		p.Platform, p.Filesystem, key, p.Image.SHA256, p.Image.MD5, p.Image.Chip, p.Image.Family,
		strings.Join(p.Image.Running, " "), p.Image.Appended, string(inspection), p.Image.PackedSize)
	return err
}

// prune removes all but the newest releases of a line, never the offered one.
func prune(ctx context.Context, tx *sqlx.Tx, l line, keep int) error {
	_, err := tx.ExecContext(ctx, `
DELETE FROM releases WHERE platform = $1 AND filesystem = $2
  AND version_key NOT IN (SELECT version_key FROM releases WHERE platform = $1 AND filesystem = $2 ORDER BY version_key DESC LIMIT $3)
  AND version_key <> (SELECT offered_key FROM `+l.table()+` WHERE `+l.row()+`)`, l.platform, l.filesystem, keep)
	return err
}
