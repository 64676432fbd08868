package db

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
)

// Releases keeps what was published for the platforms.
type Releases struct{ db *DB }

type releaseRow struct {
	Platform    string
	Filesystem  string
	Version     string
	VersionKey  string     `db:"version_key"`
	PublishedAt time.Time  `db:"published_at"`
	PublishedBy string     `db:"published_by"`
	WithdrawnAt *time.Time `db:"withdrawn_at"`
	Downloads   int64
	Offered     bool
	SHA256      string
	MD5         string
	Size        int64
	Chip        string
	Family      firmware.Family
	Running     string
	Appended    string
	Inspection  string
	PackedSize  int64 `db:"packed_size"`
	Merged      mergedColumns
}

const selectReleases = `
SELECT r.platform, r.filesystem, r.version, r.version_key, r.published_at, r.published_by, r.withdrawn_at, r.downloads,
  ` + isOffered + ` AS offered,
  i.sha256, i.md5, b.size, i.chip, i.family, i.running, i.appended, i.inspection, i.packed_size,
  m.sha256 AS "merged.sha256", i.merged_md5 AS "merged.md5", COALESCE(m.size, 0) AS "merged.size", i.merged_offset AS "merged.offset"
FROM releases r JOIN platforms p ON p.name = r.platform
LEFT JOIN filesystems f ON f.platform = r.platform AND f.filesystem = r.filesystem
JOIN release_images i ON i.platform = r.platform AND i.filesystem = r.filesystem AND i.version_key = r.version_key
JOIN images b ON b.sha256 = i.sha256
LEFT JOIN images m ON m.sha256 = i.merged_sha256`

// isOffered is the condition that a release is what its line offers.
const isOffered = `r.version_key = CASE WHEN r.filesystem = '' THEN p.offered_key ELSE COALESCE(f.offered_key, '') END`

// List is the applications released for a platform, the highest version first.
func (s *Releases) List(ctx context.Context, platform string) ([]release.Release, error) {
	return s.query(ctx, ` WHERE r.platform = $1 AND r.filesystem = '' ORDER BY r.version_key DESC, i.chip`, platform)
}

// Filesystems is the file systems released for a platform, type by type, the
// highest version first.
func (s *Releases) Filesystems(ctx context.Context, platform string) ([]release.Release, error) {
	return s.query(ctx, ` WHERE r.platform = $1 AND r.filesystem <> '' ORDER BY r.filesystem, r.version_key DESC`, platform)
}

// Offered is the application that devices of a platform are offered, or nil.
func (s *Releases) Offered(ctx context.Context, platform string) (*release.Release, error) {
	list, err := s.query(ctx, ` WHERE r.platform = $1 AND r.filesystem = '' AND r.version_key = p.offered_key ORDER BY i.chip`, platform)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// Find is the release of a version, an application where the type of file system
// is "", or fault.NotFound.
func (s *Releases) Find(ctx context.Context, platform, filesystem string, v version.Version) (*release.Release, error) {
	list, err := s.query(ctx, ` WHERE r.platform = $1 AND r.filesystem = $2 AND r.version_key = $3 ORDER BY i.chip`, platform, filesystem, v.Key())
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, noRelease(line{platform, filesystem}, v)
	}
	return &list[0], nil
}

// query folds the rows, one an image, into releases.
func (s *Releases) query(ctx context.Context, where string, args ...any) ([]release.Release, error) {
	var rows []releaseRow
	if err := s.db.read.SelectContext(ctx, &rows, selectReleases+where, args...); err != nil {
		return nil, err
	}
	var list []release.Release
	other := func(a, b *releaseRow) bool {
		return a.VersionKey != b.VersionKey || a.Filesystem != b.Filesystem || a.Platform != b.Platform
	}
	for i := range rows {
		image, err := rows[i].image()
		if err != nil {
			return nil, err
		}
		if i == 0 || other(&rows[i], &rows[i-1]) {
			list = append(list, rows[i].release())
		}
		last := &list[len(list)-1]
		last.Images = append(last.Images, image)
	}
	return list, nil
}

func (r *releaseRow) release() release.Release {
	return release.Release{
		Platform: r.Platform, Filesystem: r.Filesystem, Version: version.ParseLenient(r.Version), Offered: r.Offered,
		PublishedAt: r.PublishedAt, PublishedBy: r.PublishedBy, WithdrawnAt: r.WithdrawnAt, Downloads: r.Downloads,
	}
}

func (r *releaseRow) image() (release.Image, error) {
	i := new(firmware.Inspection)
	if err := json.Unmarshal([]byte(r.Inspection), i); err != nil {
		return release.Image{}, fmt.Errorf("reading the inspection of %s %s: %w", r.Platform, r.Version, err)
	}
	return release.Image{
		SHA256: r.SHA256, MD5: r.MD5, Size: r.Size, Chip: r.Chip, Family: r.Family,
		Running: strings.Fields(r.Running), Appended: r.Appended, Inspection: i, PackedSize: r.PackedSize, Merged: r.Merged.merged(),
	}, nil
}

// Highest is the highest version ever published for a platform, of its
// applications or of its file systems of a type, withdrawn and pruned ones
// included; zero when there was none.
func (s *Releases) Highest(ctx context.Context, platform, filesystem string) (version.Version, error) {
	var top string
	err := s.db.read.GetContext(ctx, &top, `
SELECT CASE WHEN $2 = '' THEN p.top_version ELSE COALESCE(f.top_version, '') END
FROM platforms p LEFT JOIN filesystems f ON f.platform = p.name AND f.filesystem = $2 WHERE p.name = $1`, platform, filesystem)
	if none(err) {
		return version.Version{}, noPlatform(platform)
	}
	return version.ParseLenient(top), err
}

func noRelease(l line, v version.Version) error {
	return fault.New(fault.NotFound, "There is no release %s of %s.", release.Name(fleet.Cut(l.filesystem, fleet.MaxReported), v.String()), l.platform)
}

// Platforms is the names of all platforms.
func (s *Releases) Platforms(ctx context.Context) ([]string, error) {
	var names []string
	err := s.db.read.SelectContext(ctx, &names, `SELECT name FROM platforms ORDER BY name`)
	return names, err
}

// Room is what the devices of a platform reported of their flash, each report
// with the number of devices that made it.
func (s *Releases) Room(ctx context.Context, platform string) ([]release.Room, error) {
	var rows []release.Room
	err := s.db.read.SelectContext(ctx, &rows, `
SELECT family, free_space AS freespace, chip_size AS chipsize, sketch_size AS sketchsize, inflates, COUNT(*) AS devices, MIN(mac) AS example
FROM devices WHERE platform = $1 AND last_seen IS NOT NULL
GROUP BY family, free_space, chip_size, sketch_size, inflates ORDER BY COUNT(*) DESC, MIN(mac)`, platform)
	return rows, err
}

// Bytes is the content of an image, or fault.NotFound.
func (s *Releases) Bytes(ctx context.Context, sha256 string) ([]byte, error) {
	var data []byte
	err := s.db.read.GetContext(ctx, &data, `SELECT data FROM images WHERE sha256 = $1`, sha256)
	if none(err) {
		return nil, fault.New(fault.NotFound, "This image is no longer kept.")
	}
	return data, err
}

// saveImage keeps the bytes of an image once. The update of a row that is there
// already locks it until the caller's transaction refers to it.
func saveImage(ctx context.Context, tx *sqlx.Tx, sha256 string, data []byte) error {
	_, err := tx.ExecContext(ctx, `
INSERT INTO images (sha256, size, data, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (sha256) DO UPDATE SET size = excluded.size`, sha256, len(data), data, Now())
	return err
}

// dropUnusedImages removes the bytes that neither a release nor a draft has.
func dropUnusedImages(ctx context.Context, tx *sqlx.Tx) error {
	_, err := tx.ExecContext(ctx, `
DELETE FROM images WHERE NOT EXISTS (SELECT 1 FROM release_images r WHERE r.sha256 = images.sha256)
  AND NOT EXISTS (SELECT 1 FROM release_images r WHERE r.merged_sha256 = images.sha256)
  AND NOT EXISTS (SELECT 1 FROM drafts d WHERE d.sha256 = images.sha256)`)
	return err
}
