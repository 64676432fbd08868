package db

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNewer is the error of a database whose schema this program does not know.
var ErrNewer = errors.New("the database was written by a newer version of ESP Update Server: start that version, or restore a backup made with this one")

// migrate connects to the database and brings its schema up to date. Of several
// processes that start at once, one does it while the others wait: on SQLite also
// with connecting, since the first connection makes the file what it is, and
// waits for nobody then.
func (d *DB) migrate(ctx context.Context) error {
	unlock, err := d.engine.lockMigrations(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := d.write.PingContext(ctx); err != nil {
		return d.engine.unreachable(err)
	}
	pool, closePool := d.engine.migrating(d.write.DB)
	defer closePool()
	p, err := d.engine.provider(pool)
	if err != nil {
		return err
	}
	current, newest, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	if current > newest {
		return ErrNewer
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bringing the schema up to date: %w", err)
	}
	return nil
}

// migrating are connections that wait for tables as long as it takes: a backup of
// another process may be reading them.
func (e engine) migrating(shared *sql.DB) (pool *sql.DB, closePool func()) {
	if e.dialect != goose.DialectPostgres {
		return shared, func() {}
	}
	pool = sql.OpenDB(connector{e.dsn, `SET lock_timeout = 0`})
	return pool, func() { _ = pool.Close() }
}

func (e engine) provider(pool *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if e.dialect == goose.DialectPostgres {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(e.dialect, pool, files, options...)
}

// unreachable is the error of a database that cannot be used.
func (e engine) unreachable(err error) error {
	if e.name == "postgres" {
		return fmt.Errorf("the database that DATABASE_URL names cannot be used: %w", err)
	}
	return fmt.Errorf("the database cannot be used: %w", err)
}

// lockMigrations holds a lock file on SQLite, for which goose has no lock.
func (e engine) lockMigrations(ctx context.Context) (unlock func(), err error) {
	if e.dir == "" {
		return func() {}, nil
	}
	l := flock.New(filepath.Join(e.dir, "migrate.lock"))
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if ok, err := l.TryLockContext(ctx, 20*time.Millisecond); err != nil || !ok {
		return nil, fmt.Errorf("waiting for another process to bring the schema up to date: %w", err)
	}
	return func() { _ = l.Unlock() }, nil
}
