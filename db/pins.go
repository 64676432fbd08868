package db

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
)

// Pins keeps what devices are held to that fetch an image in parts.
type Pins struct{ db *DB }

type pinRow struct {
	MAC        fleet.MAC
	Platform   string
	Version    string
	SHA256     string
	Stage      ota.Stage
	Beginnings int64
	Since      time.Time
	LastUsed   time.Time `db:"last_used"`
}

// Find is the pin of a device, or nil.
func (s *Pins) Find(ctx context.Context, mac fleet.MAC) (*ota.Pin, error) {
	var row pinRow
	err := s.db.read.GetContext(ctx, &row, `SELECT mac, platform, version, sha256, stage, beginnings, since, last_used FROM pins WHERE mac = $1`, mac)
	if none(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := ota.Pin(row)
	return &p, nil
}

// Save keeps a pin in place of the one that the device had.
func (s *Pins) Save(ctx context.Context, p *ota.Pin) error {
	_, err := s.db.exec(ctx, `
INSERT INTO pins (mac, platform, version, sha256, stage, beginnings, since, last_used) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (mac) DO UPDATE SET platform = excluded.platform, version = excluded.version, sha256 = excluded.sha256,
  stage = excluded.stage, beginnings = excluded.beginnings, since = excluded.since, last_used = excluded.last_used`,
		p.MAC, p.Platform, p.Version, p.SHA256, p.Stage, p.Beginnings, p.Since, p.LastUsed)
	return err
}

// Take keeps that all of the image of a pin is taken, unless the device has another
// pin by now.
func (s *Pins) Take(ctx context.Context, p *ota.Pin) error {
	_, err := s.db.exec(ctx, `
UPDATE pins SET stage = $5, last_used = $6 WHERE mac = $1 AND platform = $2 AND version = $3 AND sha256 = $4`,
		p.MAC, p.Platform, p.Version, p.SHA256, ota.Taken, p.LastUsed)
	return err
}

// dropPinsOf lets go of the pins of devices that took a whole application for which
// they were not pinned, as far as they are older than that.
func dropPinsOf(ctx context.Context, tx *sqlx.Tx, list []fleet.Download) error {
	whole := slices.DeleteFunc(slices.Clone(list), func(d fleet.Download) bool { return d.MAC == "" || d.Filesystem != "" || d.Pinned })
	for chunk := range slices.Chunk(whole, checkInChunk) {
		var args []any
		for _, d := range chunk {
			args = append(args, d.MAC, d.At)
		}
		each := strings.TrimSuffix(strings.Repeat("mac = ? AND last_used <= ? OR ", len(chunk)), " OR ")
		if _, err := tx.ExecContext(ctx, tx.Rebind(`DELETE FROM pins WHERE `+each), args...); err != nil {
			return err
		}
	}
	return nil
}
