package db

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// line is what the versions of a platform rise in, each line by itself: its
// applications, where filesystem is "", or its file systems of one type. The
// queries of a line have its platform in $1 and its type in $2.
type line struct{ platform, filesystem string }

// table is where it is kept what the line offers, and what its highest version
// is. Those of the applications stand with the platform, since many queries ask
// for them.
func (l line) table() string {
	if l.filesystem == "" {
		return `platforms`
	}
	return `filesystems`
}

// row is the condition for the one row of the line in its table.
func (l line) row() string {
	if l.filesystem == "" {
		return `name = $1 AND $2 = ''`
	}
	return `platform = $1 AND filesystem = $2`
}

// begin makes the row of a line of file systems that has none yet.
func (l line) begin(ctx context.Context, tx *sqlx.Tx) error {
	if l.filesystem == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `
INSERT INTO filesystems (platform, filesystem) SELECT name, CAST($2 AS TEXT) FROM platforms WHERE name = $1
ON CONFLICT (platform, filesystem) DO NOTHING`, l.platform, l.filesystem)
	return err
}

// offered is the version that the line offers; "" for nothing.
func (l line) offered(ctx context.Context, tx *sqlx.Tx) (v string, err error) {
	err = tx.GetContext(ctx, &v, `
SELECT COALESCE(MAX(r.version), '') FROM releases r WHERE r.platform = $1 AND r.filesystem = $2
  AND r.version_key = (SELECT offered_key FROM `+l.table()+` WHERE `+l.row()+`)`, l.platform, l.filesystem)
	return v, err
}
