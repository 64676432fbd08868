package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"

	"esp-update-server/db"
)

// where is the database that the settings name.
func (c *config) where() db.Config {
	if c.DatabaseURL != "" {
		return db.Config{URL: c.DatabaseURL}
	}
	return db.Config{Dir: c.DataDir}
}

// openDB opens the database that the settings name.
func (c *config) openDB(ctx context.Context) (*db.DB, error) {
	if c.DatabaseURL == "" {
		if err := prepareDir(c.DataDir); err != nil {
			return nil, err
		}
	}
	return db.Open(ctx, c.where())
}

// prepareDir creates the data folder and tries to write in it.
func prepareDir(dir string) error {
	err := os.MkdirAll(dir, 0o750)
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(dir, ".write-test-*"); err == nil {
			_ = f.Close()
			return os.Remove(f.Name())
		}
	}
	return fmt.Errorf("DATA_DIR %s cannot be written by %s (%w): make it theirs with chown, or set DATA_DIR to another folder", absolute(dir), whoRuns(), reason(err))
}

// reason is an error without the path that the sentence names already.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func absolute(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir
}

// whoRuns names the user that the program runs as. In a container there may be
// a number only.
func whoRuns() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return fmt.Sprintf("user %s (uid %d)", u.Username, os.Getuid())
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}
