package db

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
)

// Record remembers a check-in, its answer, and what it changed in the device's
// history. A device never seen before becomes a new device.
func (s *Devices) Record(ctx context.Context, c *fleet.CheckIn, d *ota.Decision, happened []fleet.Happening) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := saveCheckIn(ctx, tx, c, d); err != nil {
			return err
		}
		return addHistory(ctx, tx, happened)
	})
}

func saveCheckIn(ctx context.Context, tx *sqlx.Tx, c *fleet.CheckIn, d *ota.Decision) error {
	r := &c.Report
	_, err := tx.ExecContext(ctx, `
INSERT INTO devices (mac, created_at, first_seen, last_seen, version, version_key, requested_platform, ip, answer, reason,
  family, mode, chip_id, ap_mac, free_space, sketch_size, sketch_md5, sketch_sha256, chip_size, sdk_version, client_version, user_agent, ip_key)
VALUES ($1, $2, $2, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
ON CONFLICT (mac) DO UPDATE SET
  first_seen = COALESCE(devices.first_seen, excluded.first_seen), last_seen = excluded.last_seen,
  version = excluded.version, version_key = excluded.version_key, requested_platform = excluded.requested_platform,
  ip = excluded.ip, answer = excluded.answer, reason = excluded.reason, family = excluded.family, mode = excluded.mode,
  chip_id = excluded.chip_id, ap_mac = excluded.ap_mac, free_space = excluded.free_space, sketch_size = excluded.sketch_size,
  sketch_md5 = excluded.sketch_md5, sketch_sha256 = excluded.sketch_sha256, chip_size = excluded.chip_size,
  sdk_version = excluded.sdk_version, client_version = excluded.client_version, user_agent = excluded.user_agent, ip_key = excluded.ip_key`,
		c.MAC, c.At, c.RunningVersion().String(), d.RunsKey, fleet.Cut(c.Platform, fleet.MaxReported), c.IP, d.Answer, d.Reason,
		r.Family, r.Mode, r.ChipID, r.APMAC, r.FreeSpace, r.SketchSize, r.SketchMD5, r.SketchSHA256,
		r.ChipSize, r.SDKVersion, r.ClientVersion, r.UserAgent, ipKey(c.IP))
	return err
}

// ipKey is an address in digits that sort as addresses do, those of IPv4 first.
func ipKey(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d%x", a.BitLen()/32, a.AsSlice())
}

// DropOldestNew forgets new devices, the longest unseen first, until at most
// limit are kept. Those that somebody wrote notes on stay.
func (s *Devices) DropOldestNew(ctx context.Context, limit int) error {
	_, err := s.db.write.ExecContext(ctx, `
DELETE FROM devices WHERE mac IN (
  SELECT mac FROM devices WHERE platform IS NULL AND notes = ''
  ORDER BY last_seen DESC NULLS LAST, mac LIMIT 100000 OFFSET $1)`, limit)
	return err
}
