package dbtest

import (
	"database/sql"
	"path/filepath"
	"testing"
)

// originalSchema is what M. van Noord's server makes SQLAlchemy create.
const originalSchema = `
CREATE TABLE user (id INTEGER NOT NULL, email VARCHAR(100), password VARCHAR(100), name VARCHAR(1000), admin BOOLEAN,
  PRIMARY KEY (id), UNIQUE (email), CHECK (admin IN (0, 1)));
CREATE TABLE platform (id INTEGER NOT NULL, name VARCHAR(100), version VARCHAR(100), uploaded DATETIME, notes VARCHAR(1000),
  file VARCHAR(100), downloads INTEGER, PRIMARY KEY (id), UNIQUE (name));
CREATE TABLE device (id INTEGER NOT NULL, type INTEGER, version VARCHAR(100), "IP" VARCHAR(100),
  first_seen DATETIME DEFAULT (CURRENT_TIMESTAMP), last_seen DATETIME DEFAULT (CURRENT_TIMESTAMP), notes VARCHAR(1000),
  mac VARCHAR(17) NOT NULL, requested_platform VARCHAR(100), PRIMARY KEY (id), FOREIGN KEY(type) REFERENCES platform (id));`

// Original makes the db.sqlite of an installation of the original in a folder,
// and fills it by statements.
func Original(t testing.TB, dir string, statements ...string) (path string) {
	t.Helper()
	return SQLiteFile(t, dir, append([]string{originalSchema}, statements...)...)
}

// SQLiteFile makes a db.sqlite by statements alone.
func SQLiteFile(t testing.TB, dir string, statements ...string) (path string) {
	t.Helper()
	path = filepath.Join(dir, "db.sqlite")
	d, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, s := range statements {
		if _, err := d.Exec(s); err != nil {
			t.Fatalf("%.200s: %v", s, err)
		}
	}
	return path
}
