// Package dbtest runs tests on every engine that the server supports.
package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"esp-update-server/app/activity"
	"esp-update-server/db"
)

// sqliteFile is the database in its folder.
const sqliteFile = "esp-update-server.db"

// Author is who makes the changes that a test makes past the program.
var Author = activity.Author{Name: "a test"}

// Each runs a test on a new, empty database of each engine. Postgres is the
// server that TEST_DATABASE_URL names.
func Each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	EachConfig(t, func(t *testing.T, c db.Config) { test(t, Open(t, c)) })
}

// EachConfig is Each for tests that open the database themselves.
func EachConfig(t *testing.T, test func(t *testing.T, c db.Config)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite is a new, empty SQLite database.
func SQLite(t testing.TB) db.Config { return db.Config{Dir: t.TempDir(), Author: Author} }

// Postgres is a new, empty Postgres database, dropped after the test. Where
// there is no server the test is not run, and fails in CI.
func Postgres(t testing.TB) db.Config {
	t.Helper()
	base := os.Getenv("TEST_DATABASE_URL")
	if base == "" {
		if os.Getenv("CI") != "" || os.Getenv("ESP_REQUIRE_ALL") != "" {
			t.Fatal("TEST_DATABASE_URL is not set: run scripts/test")
		}
		t.Skip("TEST_DATABASE_URL is not set: not run on Postgres")
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal("TEST_DATABASE_URL is not a URL")
	}
	name := "test_" + randomName()
	server := execOn(t, base, "CREATE DATABASE "+name)
	t.Cleanup(func() {
		defer server.Close()
		if _, err := server.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	u.Path = "/" + name
	return db.Config{URL: u.String(), Author: Author}
}

func execOn(t testing.TB, url, statement string) *sql.DB {
	t.Helper()
	server, err := sql.Open("postgres", url)
	if err == nil {
		_, err = server.Exec(statement)
	}
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func randomName() string {
	b := make([]byte, 6)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// schema is an empty SQLite database as the program makes it. It is made once:
// the migrations take most of the time of a small test.
var schema = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "dbtest-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	d, err := db.Open(context.Background(), db.Config{Dir: dir})
	if err != nil {
		return nil, err
	}
	d.Close()
	return os.ReadFile(filepath.Join(dir, sqliteFile)) // #nosec G304 -- made just now
})

// prepare puts the schema into a SQLite folder that has no database yet.
func prepare(c db.Config) error {
	path := filepath.Join(c.Dir, sqliteFile)
	if _, err := os.Stat(path); c.URL != "" || err == nil {
		return nil
	}
	data, err := schema()
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// Open opens a database for the length of a test.
func Open(t testing.TB, c db.Config) *db.DB {
	t.Helper()
	if err := prepare(c); err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// KeepRemovals lets all that was removed be undone for an hour more: what a test
// undoes must not depend on how fast it is.
func KeepRemovals(t testing.TB, c db.Config) {
	t.Helper()
	d, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Exec(`UPDATE removals SET at = $1`, db.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
}

// Count is how many rows a table of a database has.
func Count(t testing.TB, c db.Config, table string) (n int64) {
	t.Helper()
	d, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&n); err != nil { // #nosec G202 -- a test names it
		t.Fatal(err)
	}
	return n
}
