package db

import (
	"context"
	"fmt"
	"time"

	"github.com/gofiber/storage/postgres/v3"
	"github.com/jackc/pgx/v5/pgxpool"
)

// payloadTable holds what sessions carry, in the form of gofiber's storage.
const payloadTable = "session_payloads"

// Payloads is a fiber.Storage for session payloads.
type Payloads interface {
	Get(key string) ([]byte, error)
	Set(key string, val []byte, exp time.Duration) error
	Delete(key string) error
	Reset() error
	Close() error
}

// Payloads opens the storage of session payloads: gofiber's on Postgres, a
// small one over the same file on SQLite.
func (d *DB) Payloads(ctx context.Context) (Payloads, error) {
	if d.engine.name != "postgres" {
		return &payloads{d}, nil
	}
	config, err := pgxpool.ParseConfig(d.engine.dsn)
	if err != nil {
		return nil, fmt.Errorf("reading DATABASE_URL: %w", err)
	}
	config.MaxConns = 2
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting for the session payloads: %w", err)
	}
	// New panics when the database does not answer.
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connecting for the session payloads: %w", err)
	}
	return postgres.New(postgres.Config{DB: pool, Table: payloadTable, GCInterval: 10 * time.Minute}), nil
}

// payloads is the storage over SQLite.
type payloads struct{ db *DB }

// Get is the value of a key, or nil.
func (p *payloads) Get(key string) ([]byte, error) {
	var v []byte
	err := p.db.read.Get(&v, `SELECT v FROM session_payloads WHERE k = $1 AND (e = 0 OR e > $2)`, key, time.Now().Unix())
	if none(err) {
		return nil, nil
	}
	return v, err
}

// Set keeps a value for a while, for ever when exp is 0.
func (p *payloads) Set(key string, val []byte, exp time.Duration) error {
	if key == "" || len(val) == 0 {
		return nil
	}
	var e int64
	if exp > 0 {
		e = time.Now().Add(exp).Unix()
	}
	_, err := p.db.exec(context.Background(), `
INSERT INTO session_payloads (k, v, e) VALUES ($1, $2, $3) ON CONFLICT (k) DO UPDATE SET v = excluded.v, e = excluded.e`, key, val, e)
	if err != nil {
		return err
	}
	_, err = p.db.exec(context.Background(), `DELETE FROM session_payloads WHERE e <> 0 AND e <= $1`, time.Now().Unix())
	return err
}

// Delete drops a key.
func (p *payloads) Delete(key string) error {
	_, err := p.db.exec(context.Background(), `DELETE FROM session_payloads WHERE k = $1`, key)
	return err
}

// Reset drops all keys.
func (p *payloads) Reset() error {
	_, err := p.db.exec(context.Background(), `DELETE FROM session_payloads`)
	return err
}

// Close leaves the database open for its other users.
func (p *payloads) Close() error { return nil }
