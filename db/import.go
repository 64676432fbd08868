package db

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

// importChunk is how many devices one statement writes.
const importChunk = 500

// Import does what the lines of a list say, all or nothing. When more devices
// would leave another whitelist than the person was told, it says fault.Conflict.
func (s *Devices) Import(ctx context.Context, lines []fleet.ImportLine, moves int64, by string) error {
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		now := Now()
		id, err := keepImported(ctx, tx, lines, now)
		if err == nil {
			err = movesAtMost(ctx, tx, id, lines, moves)
		}
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(lines, importChunk) {
			if err := importDevices(ctx, tx, chunk, now); err != nil {
				return err
			}
			if err := importHistory(ctx, tx, chunk, by, now); err != nil {
				return err
			}
		}
		return s.db.recordDevices(ctx, tx, id, activity.Entry{Action: activity.DevicesImported, Selected: "pasted as a list"}, keptChanged)
	})
}

// movesAtMost fails when more of the kept devices would leave another whitelist.
func movesAtMost(ctx context.Context, tx *sqlx.Tx, id string, lines []fleet.ImportLine, most int64) error {
	to := make(map[fleet.MAC]string, len(lines))
	for _, l := range lines {
		to[l.MAC] = l.Platform
	}
	var on []struct {
		MAC      fleet.MAC
		Platform string
	}
	if err := tx.SelectContext(ctx, &on, `
SELECT mac, platform_before AS platform FROM activity_devices WHERE activity = $1 AND platform_before <> ''`, id); err != nil {
		return err
	}
	moves := int64(0)
	for _, d := range on {
		if d.Platform != to[d.MAC] {
			moves++
		}
	}
	if moves > most {
		return fault.New(fault.Conflict, "Meanwhile more of these devices are on another whitelist. Nothing was changed: look again.")
	}
	return nil
}

// keepImported is keepDevices for those of a list, some of which may not be there.
func keepImported(ctx context.Context, tx *sqlx.Tx, lines []fleet.ImportLine, now time.Time) (string, error) {
	const columns = 2
	id := activity.NewID(now)
	for chunk := range slices.Chunk(lines, importChunk) {
		args := make([]any, 0, columns*len(chunk))
		for _, l := range chunk {
			args = append(args, id, l.MAC)
		}
		if _, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO activity_devices (activity, mac) VALUES `+tuples(len(chunk), columns)), args...); err != nil {
			return "", err
		}
	}
	_, err := tx.ExecContext(ctx, `
UPDATE activity_devices SET platform_before = COALESCE(d.platform, ''), notes_before = d.notes
FROM devices d WHERE d.mac = activity_devices.mac AND activity_devices.activity = $1`, id)
	return id, err
}

func importDevices(ctx context.Context, tx *sqlx.Tx, lines []fleet.ImportLine, now time.Time) error {
	const columns = 5
	args := make([]any, 0, columns*len(lines))
	for _, l := range lines {
		args = append(args, l.MAC, l.Platform, l.Notes, strings.ToLower(l.Notes), now)
	}
	_, err := tx.ExecContext(ctx, tx.Rebind(`
INSERT INTO devices (mac, platform, notes, notes_lower, created_at) VALUES `+tuples(len(lines), columns)+`
ON CONFLICT (mac) DO UPDATE SET platform = excluded.platform, ignored_platform = NULL,
  notes = CASE WHEN excluded.notes = '' THEN devices.notes ELSE excluded.notes END,
  notes_lower = CASE WHEN excluded.notes = '' THEN devices.notes_lower ELSE excluded.notes_lower END`), args...)
	return unknownPlatform(err, "of that name any more")
}

func importHistory(ctx context.Context, tx *sqlx.Tx, lines []fleet.ImportLine, by string, now time.Time) error {
	const columns = 5
	var args []any
	n := 0
	for _, l := range lines {
		if l.Action == fleet.ImportAdd || l.Action == fleet.ImportPermit || l.Action == fleet.ImportMove {
			args = append(args, l.MAC, now, fleet.Permitted, l.Platform, by)
			n++
		}
	}
	if n == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO history (mac, at, event, platform, detail) VALUES `+tuples(n, columns)+` ON CONFLICT (mac, at, event) DO NOTHING`), args...)
	return err
}

// TakenOff is the devices that a person took off a whitelist, as far as that is
// kept, and that are on none now. Those that lost their platform are not meant.
func (s *Devices) TakenOff(ctx context.Context) (map[fleet.MAC]bool, error) {
	var list []fleet.MAC
	err := s.db.read.SelectContext(ctx, &list, `
SELECT DISTINCT a.mac FROM activity_devices a JOIN activity e ON e.id = a.activity LEFT JOIN devices d ON d.mac = a.mac
WHERE a.platform_before <> '' AND d.platform IS NULL AND e.action <> $1`, activity.PlatformDeleted)
	found := make(map[fleet.MAC]bool, len(list))
	for _, mac := range list {
		found[mac] = true
	}
	return found, err
}
