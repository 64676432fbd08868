// Package db keeps the server's state in SQLite or Postgres. It is the only
// place with SQL; one query text serves both engines, and what differs between
// them is in engine.go.
package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
)

// DB is an open database. Its fields hold the methods of one noun each.
type DB struct {
	Platforms *Platforms
	Devices   *Devices
	Releases  *Releases
	Drafts    *Drafts
	History   *History
	Users     *Users
	Sessions  *Sessions
	Tokens    *Tokens
	Links     *Links
	Factors   *Factors
	Throttles *Throttles
	Activity  *Activity
	Backups   *Backups
	Index     *Index
	Pins      *Pins

	author activity.Author
	writer string // names this process in the table heard
	engine engine
	read   *sqlx.DB
	write  *sqlx.DB // on SQLite its one connection is the one writer
}

// Now is the one clock of what is stored: UTC, cut to the microseconds that
// both engines keep.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Open opens the database of a URL, brings its schema up to date, and fails
// with a sentence when the schema is newer than the program.
func Open(ctx context.Context, c Config) (*DB, error) {
	e, err := c.engine()
	if err != nil {
		return nil, err
	}
	d := &DB{engine: e, author: c.Author, writer: e.writer()}
	if d.write, d.read, err = e.open(); err != nil {
		return nil, err
	}
	if err := d.migrate(ctx); err != nil {
		d.Close()
		return nil, err
	}
	d.Platforms, d.Devices, d.Releases, d.Drafts = &Platforms{d}, &Devices{d}, &Releases{d}, &Drafts{d}
	d.History = &History{d, maxHistory}
	d.Users, d.Sessions, d.Tokens, d.Links = &Users{d}, &Sessions{d}, &Tokens{d}, &Links{d}
	d.Factors, d.Throttles, d.Activity = &Factors{d}, &Throttles{d}, &Activity{d}
	d.Backups, d.Index, d.Pins = &Backups{db: d}, &Index{d}, &Pins{d}
	return d, nil
}

// Close lets go of all connections.
func (d *DB) Close() {
	_ = d.write.Close()
	if d.read != d.write {
		_ = d.read.Close()
	}
}

// inTx runs fn in one transaction, which ends with fn's error.
func (d *DB) inTx(ctx context.Context, fn func(*sqlx.Tx) error) error {
	tx, err := d.write.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		_ = tx.Rollback()
		return orFull(err)
	}
	return orFull(tx.Commit())
}

// exec is a statement that needs no transaction around it.
func (d *DB) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	r, err := d.write.ExecContext(ctx, query, args...)
	return r, orFull(err)
}

// touch is exec for the time at which something was used last. A full disk keeps
// nobody from using it.
func (d *DB) touch(ctx context.Context, query string, args ...any) error {
	_, err := d.exec(ctx, query, args...)
	if fault.Is(err, fault.Full) {
		return nil
	}
	return err
}

// none reports whether a query found no row.
func none(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// changed reports whether a statement changed any row.
func changed(r sql.Result, err error) (bool, error) {
	n, err := affected(r, err)
	return n > 0, err
}

// affected is how many rows a statement changed.
func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
