package db

import (
	"context"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
)

// Pins keeps what devices are held to that fetch an image in parts.
type Pins struct{ db *DB }

type pinRow struct {
	MAC      fleet.MAC
	Platform string
	Version  string
	SHA256   string
	Stage    ota.Stage
	Since    time.Time
	LastUsed time.Time `db:"last_used"`
}

// Find is the pin of a device, or nil.
func (s *Pins) Find(ctx context.Context, mac fleet.MAC) (*ota.Pin, error) {
	var row pinRow
	err := s.db.read.GetContext(ctx, &row, `SELECT mac, platform, version, sha256, stage, since, last_used FROM pins WHERE mac = $1`, mac)
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
INSERT INTO pins (mac, platform, version, sha256, stage, since, last_used) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (mac) DO UPDATE SET platform = excluded.platform, version = excluded.version, sha256 = excluded.sha256,
  stage = excluded.stage, since = excluded.since, last_used = excluded.last_used`,
		p.MAC, p.Platform, p.Version, p.SHA256, p.Stage, p.Since, p.LastUsed)
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

// Drop lets go of the pin of a device.
func (s *Pins) Drop(ctx context.Context, mac fleet.MAC) error {
	_, err := s.db.exec(ctx, `DELETE FROM pins WHERE mac = $1`, mac)
	return err
}
