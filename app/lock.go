package main

import (
	"fmt"
	"path/filepath"

	"github.com/gofrs/flock"
)

// lockName is the file that the one server of a data folder holds. What matters
// is the lock on it, which the system lets go when the process ends, however it
// does; the file stays.
const lockName = "serve.lock"

// lockData makes this process the only server on its data folder: what one
// server has in memory, a second one on the same SQLite file would not know. On
// Postgres there may be as many as wanted.
func (c *config) lockData() (unlock func(), err error) {
	if c.DatabaseURL != "" {
		return func() {}, nil
	}
	if err := prepareDir(c.DataDir); err != nil {
		return nil, err
	}
	l := flock.New(filepath.Join(c.DataDir, lockName))
	held, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("DATA_DIR %s cannot be locked (%w): set DATA_DIR to a folder on a disk of this machine", absolute(c.DataDir), reason(err))
	}
	if !held {
		return nil, fmt.Errorf("another server runs on DATA_DIR %s: stop it, or set DATA_DIR to another folder. Several servers at once need Postgres (DATABASE_URL)", absolute(c.DataDir))
	}
	return func() { _ = l.Unlock() }, nil
}
