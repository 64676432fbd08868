package db_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

func TestManyStartsAtOnce(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				d, err := db.Open(ctx, c)
				if err != nil {
					t.Error(err)
					return
				}
				defer d.Close()
				if _, err := d.Platforms.List(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		dbtest.Open(t, c).Close()
		driver, dsn := "postgres", c.URL
		if c.URL == "" {
			driver, dsn = "sqlite", filepath.Join(c.Dir, "esp-update-server.db")
		}
		raw, err := sql.Open(driver, dsn)
		must(t, err)
		defer raw.Close()
		_, err = raw.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, $1)`, true)
		must(t, err)
		if d, err := db.Open(ctx, c); !errors.Is(err, db.ErrNewer) {
			if d != nil {
				d.Close()
			}
			t.Errorf("a newer schema: %v", err)
		}
	})
}

func TestUnknownSchemeIsRefused(t *testing.T) {
	for _, url := range []string{"mysql://host/name", "host/name", "sqlite:data.db", "postgres"} {
		if _, err := db.Open(ctx, db.Config{URL: url}); !errors.Is(err, db.ErrScheme) {
			t.Errorf("%s: %v", url, err)
		}
	}
}
