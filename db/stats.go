package db

import (
	"context"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/fleet"
)

type groupRow struct {
	Platform   string
	State      fleet.State
	Version    string
	VersionKey string `db:"version_key"`
	Reason     string
	Devices    int64
}

// Stats counts the whole fleet in one pass over it: by platform, the highest
// version first.
func (s *Devices) Stats(ctx context.Context) (*fleet.Stats, error) {
	var rows []groupRow
	err := s.db.read.SelectContext(ctx, &rows, `
SELECT platform, state, version, MAX(version_key) AS version_key, reason, COUNT(*) AS devices FROM (
  SELECT COALESCE(d.platform, '') AS platform, `+stateOf+` AS state,
    CASE WHEN d.platform IS NULL THEN '' ELSE d.version END AS version,
    CASE WHEN d.platform IS NULL THEN '' ELSE d.version_key END AS version_key,
    CASE WHEN d.platform IS NOT NULL AND d.answer = 'refusal' THEN d.reason ELSE '' END AS reason
  FROM devices d LEFT JOIN platforms p ON p.name = d.platform) each_device
GROUP BY platform, state, version, reason
ORDER BY platform, 4 DESC, version, state, reason`, Now().Add(-fleet.SilentAfter))
	if err != nil {
		return nil, err
	}
	list := make([]fleet.Group, len(rows))
	for i, r := range rows {
		list[i] = fleet.Group(r)
	}
	return &fleet.Stats{Groups: list}, nil
}

// FindMany is the devices of some MACs, those that exist.
func (s *Devices) FindMany(ctx context.Context, macs []fleet.MAC) ([]fleet.Device, error) {
	if len(macs) == 0 {
		return nil, nil
	}
	q, args, err := sqlx.In(selectDevices+` WHERE d.mac IN (?) ORDER BY d.mac`, macs)
	if err != nil {
		return nil, err
	}
	var rows []deviceRow
	if err := s.db.read.SelectContext(ctx, &rows, sqlx.Rebind(sqlx.DOLLAR, q), args...); err != nil {
		return nil, err
	}
	return toDevices(rows), nil
}
