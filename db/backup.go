package db

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
)

// Backups makes one file of the whole database, the same on every engine: a
// SQLite file in our schema. Such a file fills an empty database of any engine.
type Backups struct {
	db     *DB
	making sync.Mutex // one at a time: each takes as much disk as the database
}

// backupID marks a SQLite file as a backup of ours, in its header.
const backupID = 0x45535542

// The folders that a backup is made in, beside the database, and when one must
// have been left behind by a process that was killed.
const (
	scratchName = ".esp-update-server-backup-"
	scratchAge  = 24 * time.Hour
)

// Save writes a backup to a new file, which its owner alone may read. It fails
// with fs.ErrExist when there is one already.
func (s *Backups) Save(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) // #nosec G304 -- the person names it
	if err != nil {
		return err
	}
	err = orFull(s.make(ctx, path))
	if err == nil {
		err = f.Sync()
	}
	_ = f.Close()
	if err != nil {
		_ = os.Remove(path)
	}
	return err
}

// backupFile is a backup that lies on disk until it is closed.
type backupFile struct {
	*os.File
	dir string
}

// Close removes the file.
func (f *backupFile) Close() error {
	_ = f.File.Close()
	return os.RemoveAll(f.dir)
}

// Open makes a backup to be read and closed, and gives its size.
func (s *Backups) Open(ctx context.Context) (backup io.ReadCloser, size int64, err error) {
	dir, err := s.db.engine.scratch()
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	path := filepath.Join(dir, "backup.db")
	if err := s.Save(ctx, path); err != nil {
		return nil, 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	f, err := os.Open(path) // #nosec G304 -- made just now
	return &backupFile{f, dir}, info.Size(), err
}

// Sizes is how many bytes the database takes, and how many of them its images.
func (s *Backups) Sizes(ctx context.Context) (database, images int64, err error) {
	if err = s.db.read.GetContext(ctx, &database, s.db.engine.size()); err != nil {
		return 0, 0, err
	}
	err = s.db.read.GetContext(ctx, &images, `SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM images`)
	return database, images, err
}

// make copies the database as it is at one moment, takes out of the copy what
// no backup holds, and packs what is left into an empty file: of what was taken
// out not a byte gets there.
func (s *Backups) make(ctx context.Context, path string) error {
	if !s.making.TryLock() {
		return fault.New(fault.Conflict, "Another backup is being made just now. Try again when it is done.")
	}
	defer s.making.Unlock()
	err := s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		return s.db.record(ctx, tx, activity.Entry{Action: activity.BackupMade})
	})
	if err != nil {
		return err
	}
	dir, err := s.db.engine.scratch()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	copied, err := s.copy(ctx, dir)
	if err != nil {
		return fmt.Errorf("copying the database: %w", err)
	}
	defer copied.Close()
	if err := copied.takeOut(ctx); err != nil {
		return fmt.Errorf("taking out what no backup holds: %w", err)
	}
	if _, err := copied.write.ExecContext(ctx, `VACUUM INTO $1`, path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// scratch is a new folder that only this user may look into: beside the
// database where that is a file, else where the system keeps what is temporary.
func (e engine) scratch() (string, error) {
	parent := e.dir
	if parent == "" {
		parent = os.TempDir()
	}
	old, _ := filepath.Glob(filepath.Join(parent, scratchName+"*"))
	for _, dir := range old {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > scratchAge {
			_ = os.RemoveAll(dir)
		}
	}
	return os.MkdirTemp(parent, scratchName+"*")
}

// copy makes a copy of the database in a folder.
func (s *Backups) copy(ctx context.Context, dir string) (*DB, error) {
	if s.db.engine.name != "postgres" {
		if _, err := s.db.read.ExecContext(ctx, `VACUUM INTO $1`, filepath.Join(dir, fileName)); err != nil {
			return nil, err
		}
		return openScratch(ctx, dir)
	}
	copied, err := openScratch(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := copied.fillFrom(ctx, s.db); err != nil {
		copied.Close()
		return nil, err
	}
	return copied, nil
}

// openScratch opens a database that nobody misses after a power cut.
func openScratch(ctx context.Context, dir string) (*DB, error) {
	d, err := Open(ctx, Config{Dir: dir})
	if err != nil {
		return nil, err
	}
	if _, err := d.write.ExecContext(ctx, `PRAGMA synchronous = OFF`); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// fillFrom fills an empty copy from a Postgres database, as that is at one
// moment.
func (d *DB) fillFrom(ctx context.Context, from *DB) error {
	list, err := d.tables(ctx)
	if err != nil {
		return err
	}
	source, err := from.read.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = source.Rollback() }()
	return d.inTx(ctx, func(tx *sqlx.Tx) error {
		for i := range list {
			if err := list[i].copyTo(ctx, source, tx, d.engine); err != nil {
				return fmt.Errorf("table %s: %w", list[i].name, err)
			}
		}
		return nil
	})
}

// takeOut empties the tables that no backup holds and marks the file.
func (d *DB) takeOut(ctx context.Context) error {
	err := d.inTx(ctx, func(tx *sqlx.Tx) error {
		for name, reason := range leftOut {
			if reason == itsOwn {
				continue
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+pq.QuoteIdentifier(name)); err != nil { // #nosec G202 -- a name of our own schema
				return err
			}
		}
		return dropUnusedImages(ctx, tx)
	})
	if err != nil {
		return err
	}
	_, err = d.write.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d`, backupID))
	return err
}
