package db

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
)

// Index reads what the device route answers from, and what changes of it. Every
// change is numbered in the transaction that makes it: see inIndexTx.
type Index struct{ db *DB }

// State is how far the changes are.
func (s *Index) State(ctx context.Context) (state ota.IndexState, err error) {
	err = s.db.read.GetContext(ctx, &state, `SELECT seq, floor, catalog FROM index_state`)
	return state, err
}

const selectKnown = `SELECT d.mac, d.platform, d.last_seen, d.facts, d.filesystem_facts, d.password_key FROM devices d`

// Devices hands over every device, one by one.
func (s *Index) Devices(ctx context.Context, each func(fleet.Known)) error {
	rows, err := s.db.read.QueryContext(ctx, selectKnown)
	if err != nil {
		return err
	}
	return eachKnown(rows, each, nil)
}

// Changed hands over the devices that changes after one number, up to another,
// are about, and those that are gone.
func (s *Index) Changed(ctx context.Context, after, upTo int64, each func(fleet.Known), gone func(fleet.MAC)) error {
	rows, err := s.db.read.QueryContext(ctx, `
SELECT c.mac, d.platform, d.last_seen, d.facts, d.filesystem_facts, d.password_key
FROM (SELECT DISTINCT mac FROM index_changes WHERE seq > $1 AND seq <= $2) c LEFT JOIN devices d ON d.mac = c.mac`, after, upTo)
	if err != nil {
		return err
	}
	return eachKnown(rows, each, gone)
}

// eachKnown reads rows without keeping them. Names of platforms, which are few,
// are shared.
func eachKnown(rows *sql.Rows, each func(fleet.Known), gone func(fleet.MAC)) error {
	defer rows.Close()
	names := map[string]string{}
	var mac, platform, password sql.RawBytes
	var seen sql.NullTime
	var facts, filesystem sql.NullInt64
	for rows.Next() {
		if err := rows.Scan(&mac, &platform, &seen, &facts, &filesystem, &password); err != nil {
			return err
		}
		if !facts.Valid {
			gone(fleet.MAC(mac))
			continue
		}
		name, ok := names[string(platform)]
		if !ok {
			name = string(platform)
			names[name] = name
		}
		each(fleet.Known{
			MAC: fleet.MAC(mac), Platform: name, LastSeen: seen.Time, PasswordKey: string(password),
			Facts: facts.Int64, FilesystemFacts: filesystem.Int64,
		})
	}
	return rows.Err()
}

// Platforms is all platforms, with the passwords that they know their devices
// by. What costs to count is left out.
func (s *Index) Platforms(ctx context.Context) ([]fleet.Platform, error) {
	var rows []platformRow
	err := s.db.read.SelectContext(ctx, &rows, `
SELECT p.name, p.created_at, p.password_hash AS "passwords.hash", p.password_at AS "passwords.at",
  p.old_password_hash AS "passwords.oldhash", p.old_password_at AS "passwords.oldat", p.password_grace AS "passwords.grace"
FROM platforms p`)
	list := make([]fleet.Platform, len(rows))
	for i := range rows {
		list[i] = rows[i].platform()
	}
	return list, err
}

// Offered is what the platforms offer, the file systems too.
func (s *Index) Offered(ctx context.Context) ([]release.Release, error) {
	return s.db.Releases.query(ctx, ` WHERE `+isOffered+` ORDER BY r.platform, r.filesystem, i.chip`)
}

// Prune drops the log up to a number. Who has read no further reads everything.
func (s *Index) Prune(ctx context.Context, upTo int64) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE index_state SET floor = $1 WHERE floor < $1`, upTo); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM index_changes WHERE seq <= $1`, upTo)
		return err
	})
}

// inIndexTx is inTx for what the index of the device route has to hear of. Of
// these transactions one runs at a time, in all processes, since each holds the
// number: so a reader that has seen a number has seen all lower ones. To take it
// first keeps two of them from waiting for each other.
func (d *DB) inIndexTx(ctx context.Context, fn func(*sqlx.Tx) error) error {
	return d.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE index_state SET seq = seq + 1`); err != nil {
			return err
		}
		return fn(tx)
	})
}

// noteDevices logs that the devices which a query finds came, went or changed
// their whitelist, in a transaction of inIndexTx.
func noteDevices(ctx context.Context, tx *sqlx.Tx, macs string, args ...any) error {
	_, err := tx.ExecContext(ctx, `
INSERT INTO index_changes (seq, mac) SELECT s.seq, c.mac FROM index_state s CROSS JOIN (`+macs+`) c WHERE 1 = 1
ON CONFLICT (seq, mac) DO NOTHING`, args...)
	return err
}

// noteCatalog logs that a platform or what it offers changed, in a transaction of
// inIndexTx.
func noteCatalog(ctx context.Context, tx *sqlx.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE index_state SET catalog = seq`)
	return err
}

// noteAll logs that everything changed, in a transaction of inIndexTx.
func noteAll(ctx context.Context, tx *sqlx.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE index_state SET catalog = seq, floor = seq`)
	return err
}
