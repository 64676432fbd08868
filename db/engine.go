package db

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
)

// maxConns bounds the connections of one process to eight, since small Postgres
// plans give 20 to all of them: two more are for the session payloads, and one
// listens for changes.
const maxConns = 5

// writeCache is how much memory SQLite's one writer may take for pages, in KiB
// below zero: news of many devices in no order touch many.
const writeCache = "-32768"

// fileName is the file of SQLite in its folder.
const fileName = "esp-update-server.db"

// Config says which database to open.
type Config struct {
	URL string // postgres:// or postgresql://; "" for SQLite in Dir
	Dir string // where SQLite keeps its file and all engines their locks

	// Author makes the changes whose context names nobody; the zero one makes
	// such a change fail.
	Author activity.Author
}

// engine is what differs between the databases.
type engine struct {
	name    string // of the driver
	dsn     string
	dir     string
	dialect goose.Dialect
}

// Exists reports whether there is a database already. One on Postgres always is.
func (c Config) Exists() bool {
	if c.URL != "" {
		return true
	}
	_, err := os.Stat(filepath.Join(c.Dir, fileName))
	return err == nil
}

// ErrScheme is the error of a URL for a database that is not supported.
var ErrScheme = errors.New("DATABASE_URL must start with postgres:// or postgresql://; leave it unset for SQLite")

func (c Config) engine() (engine, error) {
	if c.URL == "" {
		return engine{name: "sqlite", dsn: sqliteDSN(c.Dir), dir: c.Dir, dialect: goose.DialectSQLite3}, nil
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return engine{}, errors.New("DATABASE_URL is not a URL; its form is postgres://user:password@host:5432/name")
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return engine{}, ErrScheme
	}
	return engine{name: "postgres", dsn: postgresDSN(u), dialect: goose.DialectPostgres}, nil
}

// postgresDSN lets TLS be tried first and done without where the server has
// none, and gives up on a host that says nothing, unless the URL says something:
// lib/pq would insist on TLS, and wait for minutes.
func postgresDSN(u *url.URL) string {
	q := u.Query()
	for _, d := range []struct{ name, value, env string }{{"sslmode", "prefer", "PGSSLMODE"}, {"connect_timeout", "10", "PGCONNECT_TIMEOUT"}} {
		if !q.Has(d.name) && os.Getenv(d.env) == "" {
			q.Set(d.name, d.value)
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func sqliteDSN(dir string) string {
	q := url.Values{"_time_format": {"sqlite"}, "_txlock": {"immediate"}}
	for _, p := range []string{"foreign_keys(1)", "journal_mode(WAL)", "busy_timeout(5000)", "journal_size_limit(67108864)"} {
		q.Add("_pragma", p)
	}
	path := filepath.Join(dir, fileName)
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

// open opens a pool for writing and one for reading, which may be the same.
func (e engine) open() (write, read *sqlx.DB, err error) {
	if e.name == "postgres" {
		write = sqlx.NewDb(sql.OpenDB(connector{e.dsn, sharedBounds}), e.name)
		write.SetMaxOpenConns(maxConns)
		write.SetMaxIdleConns(maxConns)
		return write, write, nil
	}
	sqlx.BindDriver("sqlite", sqlx.QUESTION)
	if write, err = sqlx.Open(e.name, e.dsn+"&_pragma=cache_size("+writeCache+")"); err != nil {
		return nil, nil, fmt.Errorf("opening the database: %w", err)
	}
	write.SetMaxOpenConns(1)
	if read, err = sqlx.Open(e.name, e.dsn); err != nil {
		return nil, nil, fmt.Errorf("opening the database: %w", err)
	}
	read.SetMaxOpenConns(maxConns)
	read.SetMaxIdleConns(maxConns)
	return write, read, nil
}

// writer names a process. On SQLite there is one, and what it kept is its own
// after a restart too.
func (e engine) writer() string {
	if e.name == "postgres" {
		return rand.Text()
	}
	return "sqlite"
}

// isDuplicate reports whether an error says that a key is taken already.
func isDuplicate(err error) bool {
	return hasCode(err, "23505", sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// isMissingReference reports whether an error says that a row which another
// row refers to does not exist.
func isMissingReference(err error) bool {
	return hasCode(err, "23503", sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY)
}

// orFull is an error, or what a person can do about it when it says that the
// disk has no room. SQLite tells a file that may not grow from a full disk.
func orFull(err error) error {
	if errors.Is(err, syscall.ENOSPC) || hasCode(err, "53100", sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_TRUNCATE, sqlite3.SQLITE_IOERR_SHMSIZE) {
		return errors.Join(fault.New(fault.Full, "The server's disk is full, so nothing was saved. Make room on it, then try again."), err)
	}
	return err
}

// postgresCode is the code of an error that comes from Postgres.
func postgresCode(err error) (code string, ok bool) {
	var p *pq.Error
	if !errors.As(err, &p) {
		return "", false
	}
	return string(p.Code), true
}

func hasCode(err error, postgres string, lite ...int) bool {
	if code, ok := postgresCode(err); ok {
		return code == postgres
	}
	var s *sqlite.Error
	if !errors.As(err, &s) {
		return false
	}
	for _, code := range lite {
		if s.Code() == code {
			return true
		}
	}
	return false
}

// unindexed is a column in a form that SQLite uses no index for, where the index
// of the order of a list is the better one. Postgres knows by its statistics.
func (e engine) unindexed(column string) string {
	if e.name == "postgres" {
		return column
	}
	return "+" + column
}

// contains is the pattern that finds s anywhere in a text, with LIKE and the
// escape character !.
func contains(s string) string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(strings.ToLower(s)) + "%"
}

// keepWritersOut lets nobody else write to what people and boards fill until a
// transaction ends. On SQLite nobody can anyway.
func (e engine) keepWritersOut(ctx context.Context, tx *sqlx.Tx) error {
	if e.name != "postgres" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `LOCK TABLE users, platforms, devices IN SHARE ROW EXCLUSIVE MODE`)
	return err
}

// tell tells all processes of a change when a transaction is over. On SQLite
// they look at the file.
func (e engine) tell(ctx context.Context, tx *sqlx.Tx, topic string) error {
	if e.name != "postgres" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, topic)
	return err
}

// size is the query for the bytes that the database takes. Those that are free
// for new rows count too.
func (e engine) size() string {
	if e.name == "postgres" {
		return `SELECT pg_database_size(current_database())`
	}
	return `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`
}

// filling is the statement that adds one row after another to a table.
func (e engine) filling(t *table) string {
	into := pq.QuoteIdentifier(t.name) + ` (` + t.quoted() + `)`
	if e.name == "postgres" {
		return `COPY ` + into + ` FROM STDIN`
	}
	return `INSERT INTO ` + into + ` VALUES ` + tuples(1, len(t.columns))
}

// filled ends the adding of rows: COPY takes what is still buffered.
func (e engine) filled(ctx context.Context, add *sql.Stmt) error {
	if e.name != "postgres" {
		return nil
	}
	_, err := add.ExecContext(ctx)
	return err
}
