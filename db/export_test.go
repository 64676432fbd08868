package db

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jmoiron/sqlx"
)

// Exec lets a test make what takes days.
func (d *DB) Exec(query string, args ...any) error {
	_, err := d.write.Exec(query, args...)
	return err
}

// LeftOut is the tables that no backup holds, and ItsOwn the reason of those that
// each database keeps for itself.
var LeftOut = leftOut

const ItsOwn = itsOwn

// Taken is the columns that a backup takes of each table.
func (s *Backups) Taken(ctx context.Context) (map[string][]string, error) {
	dir, err := s.db.engine.scratch()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	d, err := openScratch(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	list, err := d.tables(ctx)
	taken := map[string][]string{}
	for _, t := range list {
		taken[t.name] = t.columns
	}
	return taken, err
}

// SaveOld writes a backup as a program wrote it whose schema was of a version.
func SaveOld(ctx context.Context, dir, path string, version int64, then string) error {
	e, err := Config{Dir: dir}.engine()
	if err != nil {
		return err
	}
	d := &DB{engine: e}
	if d.write, d.read, err = e.open(); err != nil {
		return err
	}
	defer d.Close()
	p, err := d.engine.provider(d.write.DB)
	if err != nil {
		return err
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return err
	}
	for _, statement := range []string{then, fmt.Sprintf(`PRAGMA application_id = %d`, backupID), `VACUUM INTO '` + path + `'`} {
		if _, err := d.write.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// PruneActivity lets a test have small bounds.
func (d *DB) PruneActivity(ctx context.Context, entries, devices int) error {
	return d.Activity.prune(ctx, time.Time{}, entries, devices)
}

// KeepHistory lets a test have a small bound.
func (d *DB) KeepHistory(lines int) { d.History.most = lines }

// Hang begins a change and does not end it, as a process does that is frozen. End
// is its end, which comes too late.
func (d *DB) Hang(ctx context.Context) (end func() error, err error) {
	tx, err := d.write.BeginTxx(ctx, nil)
	if err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE index_state SET seq = seq + 1`)
	return tx.Commit, err
}

// Toil begins a change and goes on with it until it is over, as one of very many
// devices does. On Postgres only.
func (d *DB) Toil(ctx context.Context, begun func(), over func() bool) error {
	return d.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		begun()
		for !over() {
			if _, err := tx.ExecContext(ctx, `SELECT pg_sleep(0.1)`); err != nil {
				return err
			}
		}
		return nil
	})
}
