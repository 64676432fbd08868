package db

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

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
	OfferedKey        string `db:"offered_key"`
}

func (r *deviceRow) device() fleet.Device {
	return fleet.Device{
		MAC: r.MAC, Platform: r.Platform, Notes: r.Notes, CreatedAt: r.CreatedAt,
		FirstSeen: r.FirstSeen, LastSeen: r.LastSeen, Version: r.Version, VersionKey: r.VersionKey,
		RequestedPlatform: r.RequestedPlatform, IP: r.IP, Answer: r.Answer, Reason: r.Reason,
		OfferedKey: r.OfferedKey,
		Report: fleet.Report{
			Family: r.Family, Mode: r.Mode, ChipID: r.ChipID, APMAC: r.APMAC,
			FreeSpace: r.FreeSpace, SketchSize: r.SketchSize, SketchMD5: r.SketchMD5, SketchSHA256: r.SketchSHA256,
			ChipSize: r.ChipSize, SDKVersion: r.SDKVersion, ClientVersion: r.ClientVersion, UserAgent: r.UserAgent,
		},
	}
}

const selectDevices = `
SELECT d.mac, COALESCE(d.platform, '') AS platform, d.notes, d.created_at, d.first_seen, d.last_seen,
  d.version, d.version_key, d.requested_platform, d.ip, d.answer, d.reason,
  d.family, d.mode, d.chip_id, d.ap_mac, d.free_space, d.sketch_size, d.sketch_md5, d.sketch_sha256,
  d.chip_size, d.sdk_version, d.client_version, d.user_agent,
  COALESCE(p.offered_key, '') AS offered_key
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

// List is the devices that a query asks for, by MAC.
func (s *Devices) List(ctx context.Context, q fleet.DeviceQuery) ([]fleet.Device, error) {
	limit := q.Limit
	if limit == 0 {
		limit = 1 << 30
	}
	var rows []deviceRow
	err := s.db.read.SelectContext(ctx, &rows, selectDevices+`
WHERE ($2 = '' OR d.platform = $2)
  AND ($3 = '' OR `+stateOf+` = $3)
  AND ($4 = '' OR d.mac LIKE $5 ESCAPE '!' OR lower(d.notes) LIKE $4 ESCAPE '!' OR d.ip LIKE $4 ESCAPE '!'
    OR d.platform LIKE $4 ESCAPE '!' OR lower(d.requested_platform) LIKE $4 ESCAPE '!' OR lower(d.version) LIKE $4 ESCAPE '!')
  AND d.mac > $6 AND (NOT $8 OR d.platform IS NOT NULL)
ORDER BY d.mac LIMIT $7`,
		Now().Add(-fleet.SilentAfter), q.Platform, q.State, searchPattern(q.Search), macPattern(q.Search), q.After, limit, q.Permitted)
	if err != nil {
		return nil, err
	}
	return toDevices(rows), nil
}

// ListNew is at most limit devices that are on no whitelist, those that asked
// last for the first time first.
func (s *Devices) ListNew(ctx context.Context, limit int) ([]fleet.Device, error) {
	var rows []deviceRow
	err := s.db.read.SelectContext(ctx, &rows, selectDevices+`
WHERE d.platform IS NULL ORDER BY d.first_seen DESC NULLS LAST, d.created_at DESC, d.mac LIMIT $1`, limit)
	if err != nil {
		return nil, err
	}
	return toDevices(rows), nil
}

func toDevices(rows []deviceRow) []fleet.Device {
	list := make([]fleet.Device, len(rows))
	for i := range rows {
		list[i] = rows[i].device()
	}
	return list
}

func searchPattern(s string) string {
	if s == "" {
		return ""
	}
	return contains(s)
}

// macPattern finds a MAC, or a part of one, in any spelling.
func macPattern(s string) string {
	if digits := fleet.MACDigits(s); digits != "" {
		return contains(digits)
	}
	return contains(s)
}

// Change applies to a device, which it creates when there is none, and reports
// whether it did. A platform that does not exist is a fault of that field.
func (s *Devices) Change(ctx context.Context, mac fleet.MAC, c fleet.DeviceChange) (created bool, err error) {
	err = s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		created, err = changed(tx.ExecContext(ctx,
			`INSERT INTO devices (mac, created_at) VALUES ($1, $2) ON CONFLICT (mac) DO NOTHING`, mac, Now()))
		if err != nil {
			return err
		}
		return applyChange(ctx, tx, mac, c)
	})
	return created, err
}

// Edit applies a change to a device that exists, or says fault.NotFound.
func (s *Devices) Edit(ctx context.Context, mac fleet.MAC, c fleet.DeviceChange) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		var n int
		if err := tx.GetContext(ctx, &n, `SELECT COUNT(*) FROM devices WHERE mac = $1`, mac); err != nil {
			return err
		}
		if n == 0 {
			return noDevice(mac)
		}
		return applyChange(ctx, tx, mac, c)
	})
}

// Add permits a device on a platform. One that is on another whitelist is left
// there, with fault.Conflict, unless it is to move.
func (s *Devices) Add(ctx context.Context, mac fleet.MAC, platform, notes string, move bool) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		var on string
		err := tx.GetContext(ctx, &on, `SELECT COALESCE(platform, '') FROM devices WHERE mac = $1`, mac)
		if none(err) {
			_, err = tx.ExecContext(ctx, `INSERT INTO devices (mac, created_at) VALUES ($1, $2)`, mac, Now())
		}
		if err != nil {
			return err
		}
		if on != "" && on != platform && !move {
			f := fault.Field("mac", "Device %s is on the whitelist of %s already.", mac, on)
			f.Kind = fault.Conflict
			return f
		}
		c := fleet.DeviceChange{Platform: &platform}
		if notes != "" {
			c.Notes = &notes
		}
		return applyChange(ctx, tx, mac, c)
	})
}

func applyChange(ctx context.Context, tx *sqlx.Tx, mac fleet.MAC, c fleet.DeviceChange) error {
	if c.Notes != nil {
		if _, err := tx.ExecContext(ctx, `UPDATE devices SET notes = $2 WHERE mac = $1`, mac, *c.Notes); err != nil {
			return err
		}
	}
	if c.Platform == nil {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE devices SET platform = NULLIF($2, '') WHERE mac = $1`, mac, *c.Platform)
	if isMissingReference(err) {
		return fault.Field("platform", "There is no platform %s.", fleet.Cut(*c.Platform, fleet.MaxReported))
	}
	return err
}

// Forget removes all that is known of a device.
func (s *Devices) Forget(ctx context.Context, mac fleet.MAC) error {
	ok, err := changed(s.db.write.ExecContext(ctx, `DELETE FROM devices WHERE mac = $1`, mac))
	if err == nil && !ok {
		return noDevice(mac)
	}
	return err
}

// CountNew is how many devices are on no whitelist.
func (s *Devices) CountNew(ctx context.Context) (n int, err error) {
	err = s.db.read.GetContext(ctx, &n, `SELECT COUNT(*) FROM devices WHERE platform IS NULL`)
	return n, err
}

func noDevice(mac fleet.MAC) error {
	return fault.New(fault.NotFound, "Device %s is not known.", mac)
}
