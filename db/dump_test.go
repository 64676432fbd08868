package db_test

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// column is a stored column of the schema, told by SQLite.
type column struct {
	name, kind string
	null       bool
	parent     string // the table that it refers to
}

// raw opens the database past the program.
func raw(t *testing.T, c db.Config) *sql.DB {
	t.Helper()
	driver, dsn := "postgres", c.URL
	if c.URL == "" {
		driver, dsn = "sqlite", "file:"+filepath.Join(c.Dir, "esp-update-server.db")+"?_time_format=sqlite&_txlock=immediate&_pragma=busy_timeout(60000)"
	}
	d, err := sql.Open(driver, dsn)
	must(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// schema is every table that the program makes, with what is stored in it.
func schema(t *testing.T) map[string][]column {
	t.Helper()
	c, found := dbtest.SQLite(t), map[string][]column{}
	dbtest.Open(t, c).Close()
	lite := raw(t, c)
	for _, name := range texts(t, lite, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'`) {
		rows, err := lite.Query(`
SELECT x.name, x.type, x."notnull" = 0 AND x.pk = 0, COALESCE((SELECT "table" FROM pragma_foreign_key_list($1) f WHERE f."from" = x.name), '')
FROM pragma_table_xinfo($1) x WHERE hidden = 0`, name)
		must(t, err)
		for rows.Next() {
			var col column
			must(t, rows.Scan(&col.name, &col.kind, &col.null, &col.parent))
			found[name] = append(found[name], col)
		}
		must(t, rows.Err())
	}
	return found
}

func texts(t *testing.T, d *sql.DB, query string, args ...any) (list []string) {
	t.Helper()
	rows, err := d.Query(query, args...)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var s string
		must(t, rows.Scan(&s))
		list = append(list, s)
	}
	must(t, rows.Err())
	return list
}

// marker is in every text of the tables that no backup holds.
const marker = "not-in-a-backup"

// populate puts three rows into every table. All texts of one row are the same,
// the digest of its bytes, so that rows refer to one another.
func populate(t *testing.T, c db.Config) {
	t.Helper()
	d, tables := raw(t, c), schema(t)
	var left []string
	for name := range tables {
		if db.LeftOut[name] != db.ItsOwn {
			left = append(left, name)
		}
	}
	slices.Sort(left)
	for len(left) > 0 { // those that refer to others fail until those are filled
		before := len(left)
		var last error
		left = slices.DeleteFunc(left, func(name string) bool {
			err := addRows(d, name, tables[name])
			if err != nil {
				last = fmt.Errorf("%s: %w", name, err)
			}
			return err == nil
		})
		if len(left) == before {
			t.Fatal(last)
		}
	}
}

func addRows(d *sql.DB, table string, columns []column) error {
	tx, err := d.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec(`SELECT 1`); err != nil {
		return err
	}
	for n := 1; n <= 3; n++ {
		var names, places []string
		var args []any
		for i, col := range columns {
			names, places = append(names, `"`+col.name+`"`), append(places, fmt.Sprintf("$%d", i+1))
			args = append(args, made(table, col, n))
		}
		if _, err := tx.Exec(`INSERT INTO `+table+` (`+strings.Join(names, ", ")+`) VALUES (`+strings.Join(places, ", ")+`)`, args...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// made is a value for a column of the n-th row; in the third all is NULL that
// may be.
func made(table string, col column, n int) any {
	data := bytes.Repeat([]byte{byte(n), 0, 0xff}, 5000)
	if col.null && n == 3 {
		return nil
	}
	switch {
	case col.kind == "BYTEA":
		return data
	case col.kind == "BIGINT":
		return int64(1)<<40 + int64(n)
	case col.kind == "BOOLEAN":
		return n == 1
	case col.kind == "TIMESTAMP":
		return time.Date(2026, 5, n, 1, 2, 3, 456789000, time.UTC)
	}
	owner := table
	if col.parent != "" {
		owner = col.parent
	}
	if db.LeftOut[owner] != "" {
		return fmt.Sprint(marker, n)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// dump is every row of the tables that a backup holds, sorted.
func dump(t *testing.T, c db.Config) map[string][]string {
	t.Helper()
	d, found := raw(t, c), map[string][]string{}
	for name, columns := range schema(t) {
		if db.LeftOut[name] != "" {
			continue
		}
		names := make([]string, len(columns))
		for i, col := range columns {
			names[i] = `"` + col.name + `"`
		}
		rows, err := d.Query(`SELECT ` + strings.Join(names, ", ") + ` FROM ` + name)
		must(t, err)
		found[name] = []string{}
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			must(t, rows.Scan(values...))
			for i := range values {
				values[i] = plain(*values[i].(*any), columns[i].kind)
			}
			found[name] = append(found[name], fmt.Sprintf("%v", values))
		}
		must(t, rows.Err())
		slices.Sort(found[name])
	}
	return found
}

// plain is a value in the one form that both engines' are compared in.
func plain(v any, kind string) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case []byte:
		return hex.EncodeToString(v)
	case int64:
		if kind == "BOOLEAN" {
			return v != 0
		}
	}
	return v
}

func sameRows(t *testing.T, got, want map[string][]string) {
	t.Helper()
	for name := range want {
		if !slices.Equal(got[name], want[name]) {
			t.Errorf("%s has %d rows, want %d:\n%.500v\n%.500v", name, len(got[name]), len(want[name]), got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d tables, want %d", len(got), len(want))
	}
}
