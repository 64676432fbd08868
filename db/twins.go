package db

import (
	"context"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fleet"
)

// suspected is the condition that two boards report the MAC of a permitted
// device. Of new devices it is not told: anybody can make them up.
const suspected = `d.board_returns > 0 AND NOT d.board_dismissed AND d.platform IS NOT NULL`

// Twins is the devices, at most so many, whose MAC two boards report.
func (s *Devices) Twins(ctx context.Context, limit int) ([]fleet.Device, error) {
	var rows []deviceRow
	err := s.db.read.SelectContext(ctx, &rows, selectDevices+` WHERE `+suspected+` ORDER BY d.mac LIMIT $1`, limit)
	return toDevices(rows), err
}

// DismissTwins lets nobody hear any more that two boards report a MAC, until it
// looks like a third one.
func (s *Devices) DismissTwins(ctx context.Context, mac fleet.MAC) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		ok, err := changed(tx.ExecContext(ctx, `
UPDATE devices SET board_dismissed = TRUE WHERE mac = $1 AND board_returns > 0 AND NOT board_dismissed`, mac))
		if err != nil || !ok {
			return err
		}
		return s.db.record(ctx, tx, activity.Entry{Action: activity.TwinsDismissed, Subject: string(mac), Devices: 1})
	})
}
