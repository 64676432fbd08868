package db

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/version"
)

// Record writes check-ins, those of one device in the order of their times, and
// what they changed in the history, which it gives. A device never seen before
// becomes a new device. What the database refuses to take is fault.Invalid.
func (s *Devices) Record(ctx context.Context, list []fleet.Heard) (happened []fleet.Happening, err error) {
	err = s.db.engine.inSharedTx(ctx, s.db, func(tx *sqlx.Tx) error {
		before, err := devicesBefore(ctx, tx, list)
		if err != nil {
			return err
		}
		var newest []fleet.Heard
		newest, happened = fleet.Fold(before, list)
		for chunk := range slices.Chunk(newest, checkInChunk) {
			if err := saveCheckIns(ctx, tx, chunk); err != nil {
				return err
			}
			if err := saveFilesystems(ctx, tx, chunk); err != nil {
				return err
			}
			if err := s.db.engine.noteHeard(ctx, tx, chunk); err != nil {
				return err
			}
		}
		return addHistory(ctx, tx, happened)
	})
	if isRefused(err) {
		err = errors.Join(fault.New(fault.Invalid, "The database takes no such check-in."), err)
	}
	return happened, err
}

// devicesBefore is the devices of check-ins as they are until now, by MAC.
func devicesBefore(ctx context.Context, tx *sqlx.Tx, list []fleet.Heard) (map[fleet.MAC]*fleet.Device, error) {
	macs := make([]fleet.MAC, len(list))
	for i := range list {
		macs[i] = list[i].MAC
	}
	slices.Sort(macs)
	found := map[fleet.MAC]*fleet.Device{}
	for chunk := range slices.Chunk(slices.Compact(macs), checkInChunk) {
		var rows []deviceRow
		args := anys(chunk)
		if err := tx.SelectContext(ctx, &rows, tx.Rebind(selectDevices+` WHERE d.mac IN (`+places(len(args))+`)`), args...); err != nil {
			return nil, err
		}
		for i := range rows {
			d := rows[i].device()
			found[d.MAC] = &d
		}
	}
	return found, nil
}

// checkInChunk is how many devices one statement writes: with more it goes no
// faster.
const checkInChunk = 50

// checkInColumns are what a check-in writes of a device, in the order of
// checkInValues. The time is written to others too.
var checkInColumns = []string{
	"mac", "created_at", "first_seen", "last_seen", "version", "version_key", "requested_platform", "ip", "ip_key", "answer", "reason",
	"family", "mode", "chip_id", "ap_mac", "free_space", "sketch_size", "sketch_md5", "sketch_sha256",
	"chip_size", "sdk_version", "client_version", "user_agent", "inflates", "password_key", "board", "board_before", "board_returns", "facts",
}

func checkInValues(h *fleet.Heard) []any {
	r := &h.Report
	return []any{
		h.MAC, h.First, h.First, h.At, h.RunningVersion().String(), h.RunsKey, fleet.Cut(h.Platform, fleet.MaxReported), h.IP, ipKey(h.IP), h.Answer, h.Reason,
		r.Family, r.Mode, r.ChipID, r.APMAC, r.FreeSpace, r.SketchSize, r.SketchMD5, r.SketchSHA256,
		r.ChipSize, r.SDKVersion, r.ClientVersion, r.UserAgent, r.Inflates, h.PasswordKey, h.Boards.Last, h.Boards.Before, h.Boards.Returns, h.Facts(),
	}
}

// checkInUpdates are what a check-in changes of a device that is there.
var checkInUpdates = func() string {
	set := []string{
		"first_seen = COALESCE(devices.first_seen, excluded.first_seen)",
		"board_dismissed = devices.board_dismissed AND excluded.board_returns > 0",
	}
	for _, c := range checkInColumns[3:] {
		set = append(set, c+" = excluded."+c)
	}
	return strings.Join(set, ", ")
}()

// saveCheckIns writes of a list, with one check-in of each device at most, those
// for applications.
func saveCheckIns(ctx context.Context, tx *sqlx.Tx, list []fleet.Heard) error {
	args := make([]any, 0, len(list)*len(checkInColumns))
	for i := range list {
		if list[i].Report.WantsApplication() {
			args = append(args, checkInValues(&list[i])...)
		}
	}
	return upsert(ctx, tx, checkInColumns, checkInUpdates, args)
}

// upsert writes the columns of devices, with the updates of those that are there.
func upsert(ctx context.Context, tx *sqlx.Tx, columns []string, updates string, args []any) error {
	if len(args) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, tx.Rebind(`
INSERT INTO devices (`+strings.Join(columns, ", ")+`) VALUES `+tuples(len(args)/len(columns), len(columns))+`
ON CONFLICT (mac) DO UPDATE SET `+updates), args...)
	return err
}

// CountDownloads counts finished downloads, of releases that still exist, and
// adds them to the history. Who took an application in one go is pinned to none.
func (s *Devices) CountDownloads(ctx context.Context, list []fleet.Download) error {
	type offered struct {
		line
		key string
	}
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		counts := map[offered]int64{}
		var happened []fleet.Happening
		for _, d := range list {
			counts[offered{line{d.Platform, d.Filesystem}, version.ParseLenient(d.Version).Key()}] += 1 + d.More
			if d.MAC != "" {
				happened = append(happened, fleet.Happening{MAC: d.MAC, At: d.At, Event: fleet.Downloaded, Platform: d.Platform, Filesystem: d.Filesystem, Version: d.Version, Detail: d.Detail()})
			}
		}
		for o, n := range counts {
			if _, err := tx.ExecContext(ctx,
				`UPDATE releases SET downloads = downloads + $4 WHERE platform = $1 AND filesystem = $2 AND version_key = $3`, o.platform, o.filesystem, o.key, n); err != nil {
				return err
			}
		}
		if err := dropPinsOf(ctx, tx, list); err != nil {
			return err
		}
		return addHistory(ctx, tx, happened)
	})
}

// ipKey is an address in digits that sort as addresses do, those of IPv4 first.
func ipKey(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d%x", a.BitLen()/32, a.AsSlice())
}

// OldestNew is the new devices that DropOldestNew would forget, with when they were
// heard as their rows say.
func (s *Devices) OldestNew(ctx context.Context, limit int) ([]fleet.Seen, error) {
	var rows []struct {
		MAC fleet.MAC
		At  *time.Time
	}
	err := s.db.read.SelectContext(ctx, &rows, `SELECT mac, last_seen AS at FROM devices `+oldestNew, limit)
	list := make([]fleet.Seen, len(rows))
	for i, r := range rows {
		list[i].MAC = r.MAC
		if r.At != nil {
			list[i].At = *r.At
		}
	}
	return list, err
}

const oldestNew = `WHERE platform IS NULL AND notes = '' ORDER BY last_seen DESC NULLS LAST, mac LIMIT 100000 OFFSET $1`

// DropOldestNew forgets new devices, the longest unseen first, until at most
// limit are kept. Those that somebody wrote notes on stay.
func (s *Devices) DropOldestNew(ctx context.Context, limit int) error {
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		err := noteDevices(ctx, tx, `SELECT mac FROM (SELECT mac FROM devices `+oldestNew+`) oldest`, limit)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
DELETE FROM devices WHERE platform IS NULL AND notes = ''
  AND mac IN (SELECT c.mac FROM index_changes c JOIN index_state s ON s.seq = c.seq)`)
		return err
	})
}
