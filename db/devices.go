package db

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
)

// Devices keeps the devices and the whitelist that they are on.
type Devices struct{ db *DB }

type deviceRow struct {
	MAC               fleet.MAC
	Platform          string
	Notes             string
	CreatedAt         time.Time  `db:"created_at"`
	FirstSeen         *time.Time `db:"first_seen"`
	LastSeen          *time.Time `db:"last_seen"`
	Version           string
	VersionKey        string `db:"version_key"`
	RequestedPlatform string `db:"requested_platform"`
	IP                string
	Answer            fleet.Answer
	Reason            string
	Family            firmware.Family
	Mode              string
	ChipID            string `db:"chip_id"`
	APMAC             string `db:"ap_mac"`
	FreeSpace         int64  `db:"free_space"`
	SketchSize        int64  `db:"sketch_size"`
	SketchMD5         string `db:"sketch_md5"`
	SketchSHA256      string `db:"sketch_sha256"`
	ChipSize          int64  `db:"chip_size"`
	SDKVersion        string `db:"sdk_version"`
	ClientVersion     string `db:"client_version"`
	UserAgent         string `db:"user_agent"`
	Inflates          bool
	OfferedKey        string  `db:"offered_key"`
	IgnoredPlatform   *string `db:"ignored_platform"`
	PasswordKey       string  `db:"password_key"`
	Board             string
	BoardBefore       string `db:"board_before"`
	BoardReturns      int64  `db:"board_returns"`
	BoardDismissed    bool   `db:"board_dismissed"`

	Filesystem        string
	FilesystemVersion string `db:"filesystem_version"`
	FilesystemReason  string `db:"filesystem_reason"`
}

func (r *deviceRow) device() fleet.Device {
	return fleet.Device{
		MAC: r.MAC, Platform: r.Platform, Notes: r.Notes, CreatedAt: r.CreatedAt,
		FirstSeen: r.FirstSeen, LastSeen: r.LastSeen, Version: r.Version, VersionKey: r.VersionKey,
		RequestedPlatform: r.RequestedPlatform, IP: r.IP, Answer: r.Answer, Reason: r.Reason,
		OfferedKey: r.OfferedKey, IgnoredPlatform: r.IgnoredPlatform, PasswordKey: r.PasswordKey,
		Boards:     fleet.Boards{Last: r.Board, Before: r.BoardBefore, Returns: r.BoardReturns, Dismissed: r.BoardDismissed},
		Filesystem: fleet.Filesystem{Mode: r.Filesystem, Version: r.FilesystemVersion, Reason: r.FilesystemReason},
		Report: fleet.Report{
			Family: r.Family, Mode: r.Mode, ChipID: r.ChipID, APMAC: r.APMAC,
			FreeSpace: r.FreeSpace, SketchSize: r.SketchSize, SketchMD5: r.SketchMD5, SketchSHA256: r.SketchSHA256,
			ChipSize: r.ChipSize, SDKVersion: r.SDKVersion, ClientVersion: r.ClientVersion, UserAgent: r.UserAgent, Inflates: r.Inflates,
		},
	}
}

const deviceColumns = `d.mac, COALESCE(d.platform, '') AS platform, d.notes, d.created_at, d.first_seen, d.last_seen,
  d.version, d.version_key, d.requested_platform, d.ip, d.answer, d.reason,
  d.family, d.mode, d.chip_id, d.ap_mac, d.free_space, d.sketch_size, d.sketch_md5, d.sketch_sha256,
  d.chip_size, d.sdk_version, d.client_version, d.user_agent, d.inflates, d.ignored_platform,
  d.password_key, d.board, d.board_before, d.board_returns, d.board_dismissed,
  d.filesystem, d.filesystem_version, d.filesystem_reason,
  COALESCE(p.offered_key, '') AS offered_key`

const selectDevices = `
SELECT ` + deviceColumns + `
FROM devices d LEFT JOIN platforms p ON p.name = d.platform`

// Find is the device of a MAC, or fault.NotFound.
func (s *Devices) Find(ctx context.Context, mac fleet.MAC) (*fleet.Device, error) {
	var row deviceRow
	err := s.db.read.GetContext(ctx, &row, selectDevices+` WHERE d.mac = $1`, mac)
	if none(err) {
		return nil, noDevice(mac)
	}
	if err != nil {
		return nil, err
	}
	d := row.device()
	return &d, nil
}

// stateOf is fleet.Device.State in SQL; $1 is the time up to which a device
// counts as silent.
const stateOf = `
CASE WHEN d.platform IS NULL THEN 'new' WHEN d.last_seen IS NULL THEN 'waiting' WHEN d.last_seen <= $1 THEN 'silent'
  WHEN d.answer = 'refusal' THEN 'refused' WHEN d.version_key < p.offered_key THEN 'behind' ELSE 'up-to-date' END`

func toDevices(rows []deviceRow) []fleet.Device {
	list := make([]fleet.Device, len(rows))
	for i := range rows {
		list[i] = rows[i].device()
	}
	return list
}

// Forget removes all that is known of a device.
func (s *Devices) Forget(ctx context.Context, mac fleet.MAC) error {
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		id, err := keepDevice(ctx, tx, mac)
		if err != nil {
			return err
		}
		ok, err := changed(tx.ExecContext(ctx, `DELETE FROM devices WHERE mac = $1`, mac))
		if err != nil {
			return err
		}
		if !ok {
			return noDevice(mac)
		}
		if err := s.db.recordDevices(ctx, tx, id, activity.Entry{Action: activity.DeviceForgotten}, keptAll); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM history WHERE mac = $1`, mac)
		return err
	})
}

// CountNew is how many devices are on no whitelist and not ignored.
func (s *Devices) CountNew(ctx context.Context) (n int, err error) {
	err = s.db.read.GetContext(ctx, &n, `SELECT COUNT(*) FROM devices d WHERE d.platform IS NULL AND NOT (`+isIgnored+`)`)
	return n, err
}

// isIgnored is the condition that a new device asks for what a person chose to
// ignore.
const isIgnored = `d.ignored_platform IS NOT NULL AND d.ignored_platform = d.requested_platform`

func noDevice(mac fleet.MAC) error {
	return fault.New(fault.NotFound, "Device %s is not known.", mac)
}
