package db

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"esp-update-server/app/account"
	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/live"
)

// Restore fills an empty database from a backup, all of it or nothing. It fails
// with a fault when the file is no whole backup, and when the database is not
// empty.
func (s *Backups) Restore(ctx context.Context, backup io.Reader) error {
	if err := s.db.mustBeEmpty(ctx, s.db.read); err != nil {
		return err
	}
	dir, err := s.db.engine.scratch()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := unpack(backup, filepath.Join(dir, fileName)); err != nil {
		return err
	}
	from, err := openBackup(ctx, dir)
	if err != nil {
		return err
	}
	defer from.Close()
	if err := s.db.replaceBy(ctx, from); err != nil {
		return err
	}
	_, err = s.db.write.ExecContext(ctx, `ANALYZE`) // or the first pages would be slow
	return err
}

// unpack copies a backup to where it can be brought up to date, and looks at its
// header: the file itself is never written.
func unpack(backup io.Reader, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) // #nosec G304 -- in a folder of our own
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.Copy(f, backup); err != nil {
		return fmt.Errorf("reading the backup: %w", err)
	}
	return checkHeader(f)
}

// checkHeader tells a backup from any other file, and a whole one from one that
// was cut off.
func checkHeader(f *os.File) error {
	header := make([]byte, 100)
	if _, err := f.ReadAt(header, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !strings.HasPrefix(string(header), "SQLite format 3\x00") || binary.BigEndian.Uint32(header[68:]) != backupID {
		return fault.New(fault.Invalid, "This file is no backup: only what the backup command or the button of the pages wrote can be restored.")
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	page := int64(binary.BigEndian.Uint16(header[16:]))
	if page == 1 {
		page = 65536
	}
	if whole := page * int64(binary.BigEndian.Uint32(header[28:])); info.Size() != whole {
		return fault.New(fault.Invalid, "The backup is damaged, and nothing was restored: it has %d bytes of %d.", info.Size(), whole)
	}
	return nil
}

// openBackup opens an unpacked backup, makes sure that it is whole, and brings
// it up to date.
func openBackup(ctx context.Context, dir string) (*DB, error) {
	if err := checkFile(ctx, dir); err != nil {
		return nil, fault.New(fault.Invalid, "The backup is damaged, and nothing was restored: %v.", err)
	}
	d, err := openScratch(ctx, dir)
	if errors.Is(err, ErrNewer) {
		return nil, fault.New(fault.Invalid, "The backup was made by a newer version of ESP Update Server: restore it with that version.")
	}
	if err != nil {
		return nil, err
	}
	if err := d.checkImages(ctx); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// checkFile lets SQLite look through its file.
func checkFile(ctx context.Context, dir string) error {
	file, err := sqlx.Open("sqlite", sqliteDSN(dir))
	if err != nil {
		return err
	}
	defer file.Close()
	var found string
	if err := file.GetContext(ctx, &found, `PRAGMA integrity_check(1)`); err != nil {
		return err
	}
	if found != "ok" {
		return errors.New(found)
	}
	var orphans int
	if err := file.GetContext(ctx, &orphans, `SELECT COUNT(*) FROM pragma_foreign_key_check`); err != nil || orphans == 0 {
		return err
	}
	return fmt.Errorf("%d rows refer to what is not there", orphans)
}

// checkImages compares each image with its digest: boards would be sent it.
func (d *DB) checkImages(ctx context.Context) error {
	rows, err := d.read.QueryxContext(ctx, `SELECT sha256, data FROM images`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var digest string
		var data []byte
		if err := rows.Scan(&digest, &data); err != nil {
			return err
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != digest {
			return fault.New(fault.Invalid, "The backup is damaged, and nothing was restored: the image %.12s… in it is not what it was.", digest)
		}
	}
	return rows.Err()
}

// replaceBy fills the database in one transaction and tells other processes.
// What an empty database may hold, such as the history of forgotten devices and
// the link that would make a first admin, goes.
func (d *DB) replaceBy(ctx context.Context, from *DB) error {
	list, err := from.tables(ctx)
	if err != nil {
		return err
	}
	return d.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		if err := d.engine.keepWritersOut(ctx, tx); err != nil {
			return err
		}
		if err := d.mustBeEmpty(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM links WHERE kind = $1`, account.SetupLink); err != nil {
			return err
		}
		for i := len(list) - 1; i >= 0; i-- {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+pq.QuoteIdentifier(list[i].name)); err != nil { // #nosec G202 -- a name of our own schema
				return err
			}
		}
		for i := range list {
			if err := list[i].copyTo(ctx, from.read, tx, d.engine); err != nil {
				return fmt.Errorf("table %s: %w", list[i].name, err)
			}
		}
		if err := d.record(ctx, tx, activity.Entry{Action: activity.BackupRestored}); err != nil {
			return err
		}
		if err := noteAll(ctx, tx); err != nil {
			return err
		}
		return d.engine.tell(ctx, tx, live.Resync)
	})
}

// mustBeEmpty fails with a sentence when there is anything that a restore would
// mix with.
func (d *DB) mustBeEmpty(ctx context.Context, q sqlx.QueryerContext) error {
	var n struct{ Users, Platforms, Devices int64 }
	err := sqlx.GetContext(ctx, q, &n, `
SELECT (SELECT COUNT(*) FROM users) AS users, (SELECT COUNT(*) FROM platforms) AS platforms, (SELECT COUNT(*) FROM devices) AS devices`)
	if err == nil && n.Users+n.Platforms+n.Devices > 0 {
		return fault.New(fault.Conflict, "The database is not empty, so nothing was restored (users: %d, platforms: %d, devices: %d). "+
			"Set DATA_DIR to a new folder or DATABASE_URL to an empty database, and restore before a server starts on it.", n.Users, n.Platforms, n.Devices)
	}
	return err
}
