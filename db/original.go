package db

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	sqlite3 "modernc.org/sqlite/lib"

	"esp-update-server/app/fault"
	"esp-update-server/app/original"
)

// readingOriginal is how long the database of an original may take: what is made
// to take longer is no such thing.
const readingOriginal = time.Minute

// ReadOriginal reads the db.sqlite of M. van Noord's server, which may be
// running. The file is not written, and everything in it is taken for text of a
// bounded length or for a number, whatever it is.
func ReadOriginal(ctx context.Context, path string) (*original.Installation, error) {
	ctx, cancel := context.WithTimeout(ctx, readingOriginal)
	defer cancel()
	d, err := sqlx.Open("sqlite", originalDSN(path))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	tx, err := d.BeginTxx(ctx, nil)
	if err != nil {
		return nil, badOriginal(err)
	}
	defer func() { _ = tx.Rollback() }()
	in := &original.Installation{}
	for _, read := range []func(context.Context, *sqlx.Tx, *original.Installation) error{readPlatforms, readDevices, readUsers} {
		if err := read(ctx, tx, in); err != nil {
			return nil, badOriginal(err)
		}
	}
	return in, in.Check()
}

func originalDSN(path string) string {
	q := url.Values{"mode": {"ro"}}
	for _, p := range []string{"query_only(1)", "trusted_schema(0)", "busy_timeout(5000)"} {
		q.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}).String()
}

// badOriginal says of the errors of SQLite what a person can do.
func badOriginal(err error) error {
	switch {
	case fault.Of(err) != nil:
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Invalid, "It takes too long to read: is it the db.sqlite of the original?")
	case hasCode(err, "", sqlite3.SQLITE_NOTADB):
		return fault.New(fault.Invalid, "It is no SQLite database: is it the db.sqlite of the original?")
	case hasCode(err, "", sqlite3.SQLITE_CORRUPT):
		return fault.New(fault.Invalid, "It is damaged (%v).", err)
	}
	return fault.New(fault.Invalid, "It cannot be read (%v). Stop the original server and try again; after a crash start it once before.", err)
}

func readPlatforms(ctx context.Context, tx *sqlx.Tx, in *original.Installation) error {
	return readTable(ctx, tx, &in.Platforms, "platform", original.MaxPlatforms,
		[]string{"name"}, []string{"notes", "version", "file", "uploaded"}, []string{"downloads"}, "id AS number")
}

func readDevices(ctx context.Context, tx *sqlx.Tx, in *original.Installation) error {
	return readTable(ctx, tx, &in.Devices, "device", original.MaxDevices,
		[]string{"mac"}, []string{"version", "requested_platform AS requested", "ip", "first_seen AS firstseen", "last_seen AS lastseen", "notes"}, nil, "type AS platform")
}

func readUsers(ctx context.Context, tx *sqlx.Tx, in *original.Installation) error {
	return readTable(ctx, tx, &in.Users, "user", original.MaxUsers,
		[]string{"email", "password"}, []string{"name"}, []string{"admin"}, "")
}

// readTable reads the columns of a table into a list: texts that must be there,
// texts that older versions lack, numbers likewise, and the number that links
// the tables. A name after AS is that of the field.
func readTable[T any](ctx context.Context, tx *sqlx.Tx, list *[]T, table string, limit int, needed, texts, numbers []string, link string) error {
	has, err := columnsOf(ctx, tx, table)
	if err != nil {
		return err
	}
	var columns []string
	for _, c := range needed {
		if !has[c] {
			return fault.New(fault.Invalid, "Its table %s has no column %s: is it the db.sqlite of the original?", table, c)
		}
	}
	for _, c := range append(needed, texts...) {
		columns = append(columns, column(c, has, `substr(CAST(COALESCE(%, '') AS TEXT), 1, `+strconv.Itoa(original.MaxText)+`)`, `''`))
	}
	if link != "" {
		numbers = append(numbers, link)
	}
	for _, c := range numbers {
		columns = append(columns, column(c, has, `CAST(COALESCE(%, 0) AS INTEGER)`, `0`))
	}
	return tx.SelectContext(ctx, list, `SELECT `+strings.Join(columns, ", ")+` FROM "`+table+`" ORDER BY rowid LIMIT `+strconv.Itoa(limit+1)) // #nosec G202 -- names of the program's own
}

// column is how a column is read, or what stands for one that is not there.
func column(text string, has map[string]bool, as, without string) string {
	name, field, renamed := strings.Cut(text, " AS ")
	if !renamed {
		field = name
	}
	if !has[name] {
		return without + ` AS ` + field
	}
	return strings.Replace(as, "%", `"`+name+`"`, 1) + ` AS ` + field
}

// columnsOf is the columns of a table, which must be one and no view: that could
// be anything.
func columnsOf(ctx context.Context, tx *sqlx.Tx, table string) (map[string]bool, error) {
	var is int
	if err := tx.GetContext(ctx, &is, `SELECT COUNT(*) FROM sqlite_schema WHERE name = $1 AND type = 'table' AND rootpage > 0`, table); err != nil {
		return nil, err
	}
	if is == 0 {
		return nil, fault.New(fault.Invalid, "It has no table %s: is it the db.sqlite of the original?", table)
	}
	var names []string
	// Columns that are reckoned are hidden, and none of the original's.
	if err := tx.SelectContext(ctx, &names, `SELECT lower(name) FROM pragma_table_xinfo($1) WHERE hidden = 0`, table); err != nil {
		return nil, err
	}
	has := make(map[string]bool, len(names))
	for _, n := range names {
		has[n] = true
	}
	return has, nil
}
