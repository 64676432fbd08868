package db

import (
	"context"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/fleet"
)

// Saw writes when devices were heard that said nothing new. Another process may
// have heard them later; a time that lies ahead is that of a clock that was wrong.
// It lies in the table heard until Settle brings it to the device's own row.
func (s *Devices) Saw(ctx context.Context, list []fleet.Seen) error {
	given, args := s.db.engine.seen(list)
	_, err := s.db.exec(ctx, `
INSERT INTO heard (mac, at) SELECT g.mac, g.at FROM (`+given+`) g JOIN devices d ON d.mac = g.mac WHERE 1 = 1
ON CONFLICT (mac) DO UPDATE SET at = excluded.at WHERE heard.at < excluded.at OR heard.at > `+placeholder(len(args)+1), append(args, Now())...)
	return err
}

// Settle brings the times of a few devices, those whose MACs follow one, to their
// own rows, by which lists are sorted and states are told. It gives the last of
// them, to go on from; "" at the end.
func (s *Devices) Settle(ctx context.Context, after fleet.MAC, limit int) (last fleet.MAC, err error) {
	var macs []fleet.MAC
	err = s.db.read.SelectContext(ctx, &macs, `SELECT mac FROM heard WHERE mac > $1 ORDER BY mac LIMIT $2`, after, limit)
	if err != nil || len(macs) == 0 {
		return "", err
	}
	first, last := macs[0], macs[len(macs)-1]
	err = s.db.engine.inSharedTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `
UPDATE devices SET last_seen = heard.at FROM heard WHERE heard.mac BETWEEN $1 AND $2 AND devices.mac = heard.mac
  AND (last_seen IS NULL OR last_seen < heard.at OR last_seen > $3)`, first, last, Now()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
DELETE FROM heard WHERE mac BETWEEN $1 AND $2 AND EXISTS (SELECT 1 FROM devices d WHERE d.mac = heard.mac AND d.last_seen >= heard.at)`, first, last)
		return err
	})
	return last, err
}

// lastSeen is when a device was last heard, as an expression about a row of
// devices.
const lastSeen = `COALESCE((SELECT h.at FROM heard h WHERE h.mac = devices.mac AND h.at > devices.last_seen), last_seen)`
