package db

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// maxConns bounds the connections of one process to eight, since small Postgres
// plans give 20 to all of them: two more are for the session payloads, and one
// listens for changes.
const maxConns = 5

// Config says which database to open.
type Config struct {
	URL string // postgres:// or postgresql://; "" for SQLite in Dir
	Dir string // where SQLite keeps its file and all engines their locks
}

// engine is what differs between the databases.
type engine struct {
	name    string // of the driver
	dsn     string
	dir     string
	dialect goose.Dialect
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
// none, unless the URL says something: lib/pq would insist on it.
func postgresDSN(u *url.URL) string {
	q := u.Query()
	if !q.Has("sslmode") && os.Getenv("PGSSLMODE") == "" {
		q.Set("sslmode", "prefer")
		u.RawQuery = q.Encode()
	}
	return u.String()
}

func sqliteDSN(dir string) string {
	q := url.Values{"_time_format": {"sqlite"}, "_txlock": {"immediate"}}
	for _, p := range []string{"foreign_keys(1)", "journal_mode(WAL)", "busy_timeout(5000)"} {
		q.Add("_pragma", p)
	}
	path := filepath.Join(dir, "esp-update-server.db")
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

// open opens a pool for writing and one for reading, which may be the same.
func (e engine) open() (write, read *sqlx.DB, err error) {
	sqlx.BindDriver("sqlite", sqlx.QUESTION)
	if write, err = sqlx.Open(e.name, e.dsn); err != nil {
		return nil, nil, fmt.Errorf("opening the database: %w", err)
	}
	if e.name == "postgres" {
		write.SetMaxOpenConns(maxConns)
		write.SetMaxIdleConns(maxConns)
		return write, write, nil
	}
	write.SetMaxOpenConns(1)
	if read, err = sqlx.Open(e.name, e.dsn); err != nil {
		return nil, nil, fmt.Errorf("opening the database: %w", err)
	}
	read.SetMaxOpenConns(maxConns)
	read.SetMaxIdleConns(maxConns)
	return write, read, nil
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

func hasCode(err error, postgres string, lite ...int) bool {
	var p *pq.Error
	if errors.As(err, &p) {
		return string(p.Code) == postgres
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
