package db

import (
	"context"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/firmware"
)

// Unmeasured is the SHA-256 of images that are offered to boards with ESP8266 and
// of which it is not known what they take compressed.
func (s *Releases) Unmeasured(ctx context.Context) ([]string, error) {
	var list []string
	err := s.db.read.SelectContext(ctx, &list, `
SELECT DISTINCT i.sha256 FROM release_images i JOIN platforms p ON p.name = i.platform AND p.offered_key = i.version_key
WHERE i.packed_size = 0 AND i.family = $1 ORDER BY i.sha256`, firmware.ESP8266)
	return list, err
}

// SetPackedSize keeps how many bytes an image takes compressed.
func (s *Releases) SetPackedSize(ctx context.Context, sha256 string, size int64) error {
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE release_images SET packed_size = $2 WHERE sha256 = $1`, sha256, size); err != nil {
			return err
		}
		return noteCatalog(ctx, tx)
	})
}

// RunBy is the SHA-256 of the image, among those that are kept of a platform,
// that a board runs which says this of its sketch; "" for none.
func (s *Releases) RunBy(ctx context.Context, platform, sketchMD5 string) (sha256 string, err error) {
	if sketchMD5 == "" {
		return "", nil
	}
	err = s.db.read.GetContext(ctx, &sha256, `
SELECT COALESCE(MAX(sha256), '') FROM release_images
WHERE platform = $1 AND family = $2 AND ' ' || running || ' ' LIKE $3 ESCAPE '!'`,
		platform, firmware.ESP8266, contains(" "+sketchMD5+" "))
	return sha256, err
}

// CompressedFor is to how many devices the releases of a platform were offered
// compressed, or sent so, by version.
func (s *History) CompressedFor(ctx context.Context, platform string) (map[string]int64, error) {
	var rows []struct {
		Version string
		Devices int64
	}
	err := s.db.read.SelectContext(ctx, &rows, `
SELECT version, COUNT(DISTINCT mac) AS devices FROM history
WHERE platform = $1 AND event IN ('offered', 'downloaded') AND detail = 'compressed' GROUP BY version`, platform)
	found := make(map[string]int64, len(rows))
	for _, r := range rows {
		found[r.Version] = r.Devices
	}
	return found, err
}
