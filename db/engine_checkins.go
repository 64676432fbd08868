package db

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	sqlite3 "modernc.org/sqlite/lib"

	"esp-update-server/app/fleet"
)

// What the engines do differently with check-ins.

// timeText is a time as both engines read it, and as SQLite keeps it.
const timeText = "2006-01-02 15:04:05.999999999-07:00"

// settle is the statement that writes when devices were heard, with its arguments
// but for the last, which is the time now. One list for an argument is several
// times as fast as a thousand places. SQLite gets each time behind its MAC: to
// join two lists by their numbers takes as many steps as their lengths multiplied.
func (e engine) settle(list []fleet.Seen) (text string, args []any) {
	macs, times := make([]string, len(list)), make([]string, len(list))
	for i, s := range list {
		macs[i], times[i] = string(s.MAC), s.At.UTC().Format(timeText)
	}
	if e.name == "postgres" {
		return `
UPDATE devices SET last_seen = heard.at FROM unnest($1::text[], $2::timestamp[]) AS heard (mac, at)
WHERE devices.mac = heard.mac AND (last_seen IS NULL OR last_seen < heard.at OR last_seen > $3)`, []any{pq.Array(macs), pq.Array(times)}
	}
	for i := range macs {
		macs[i] += times[i]
	}
	return `
UPDATE devices SET last_seen = heard.at FROM (SELECT substr(value, 1, 12) AS mac, substr(value, 13) AS at FROM json_each($1)) heard
WHERE devices.mac = heard.mac AND (last_seen IS NULL OR last_seen < heard.at OR last_seen > $2)`, []any{asJSON(macs)}
}

func asJSON(list []string) string {
	text, _ := json.Marshal(list) // of strings, which never fails
	return string(text)
}

// inSharedTx is a transaction that writes facts of devices. On Postgres, where
// other processes keep facts in memory too, these are to hear of it.
func (e engine) inSharedTx(ctx context.Context, d *DB, fn func(*sqlx.Tx) error) error {
	if e.name == "postgres" {
		return d.inIndexTx(ctx, fn)
	}
	return d.inTx(ctx, fn)
}

// noteHeard logs the devices of check-ins for other processes.
func (e engine) noteHeard(ctx context.Context, tx *sqlx.Tx, list []fleet.Heard) error {
	if e.name != "postgres" {
		return nil
	}
	macs := make([]string, len(list))
	for i := range list {
		macs[i] = string(list[i].MAC)
	}
	return noteDevices(ctx, tx, `SELECT unnest($1::text[]) AS mac`, pq.Array(macs))
}

// isRefused reports whether an error says that a value cannot be stored, so that
// it is of no use to try again.
func isRefused(err error) bool {
	if code, ok := postgresCode(err); ok {
		return strings.HasPrefix(code, "22") || strings.HasPrefix(code, "23")
	}
	return hasCode(err, "", sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_CONSTRAINT_NOTNULL, sqlite3.SQLITE_CONSTRAINT_CHECK)
}
