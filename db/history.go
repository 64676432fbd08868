package db

import (
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/fleet"
)

// History keeps what happened to devices, and the counts that charts are made of.
type History struct {
	db   *DB
	most int // lines that are kept
}

type happeningRow struct {
	MAC         fleet.MAC
	At          time.Time
	Event       fleet.Event
	Platform    string
	Filesystem  string
	Version     string
	FromVersion string `db:"from_version"`
	Detail      string
	Others      int64
}

const selectHistory = `SELECT mac, at, event, platform, filesystem, version, from_version, detail FROM history`

// Of is the history of a device, the newest first. What was before a device was
// forgotten is not told of the one that came back.
func (s *History) Of(ctx context.Context, mac fleet.MAC, limit int) ([]fleet.Happening, error) {
	return s.query(ctx, selectHistory+` WHERE mac = $1 AND at >= COALESCE((SELECT created_at FROM devices WHERE mac = $1), at) ORDER BY at DESC, event DESC LIMIT $2`, mac, limit)
}

// Bounds of what is told in one line because it was done in one go.
const (
	foldedLines  = 1000 // of the history, among which the latest are found
	foldedOthers = 1000 // that are counted
)

// Latest is what happened last to any device or platform, the newest first. What
// was done to many devices in one go is told of one of them.
func (s *History) Latest(ctx context.Context, limit int) ([]fleet.Happening, error) {
	return s.query(ctx, `
SELECT mac, at, event, platform, filesystem, version, from_version, detail, (SELECT COUNT(*) FROM (
    SELECT 1 AS one FROM history h WHERE h.at = told.at AND h.event = told.event AND h.platform = told.platform LIMIT $3 + 1) same) - 1 AS others
FROM (SELECT MIN(mac) AS mac, at, event, platform, filesystem, version, from_version, detail
  FROM (`+selectHistory+` ORDER BY at DESC LIMIT $2) lines
  GROUP BY at, event, platform, filesystem, version, from_version, detail ORDER BY at DESC, 1, event DESC LIMIT $1) told
ORDER BY at DESC, mac, event DESC`, limit, foldedLines, foldedOthers)
}

func (s *History) query(ctx context.Context, q string, args ...any) ([]fleet.Happening, error) {
	var rows []happeningRow
	if err := s.db.read.SelectContext(ctx, &rows, q, args...); err != nil {
		return nil, err
	}
	list := make([]fleet.Happening, len(rows))
	for i, r := range rows {
		list[i] = fleet.Happening(r)
	}
	return list, nil
}

func addHistory(ctx context.Context, tx *sqlx.Tx, list []fleet.Happening) error {
	const columns = 8
	for chunk := range slices.Chunk(list, historyChunk) {
		args := make([]any, 0, columns*len(chunk))
		for _, h := range chunk {
			args = append(args, h.MAC, h.At, h.Event, h.Platform, h.Filesystem, h.Version, h.FromVersion, h.Detail)
		}
		if _, err := tx.ExecContext(ctx, tx.Rebind(`
INSERT INTO history (mac, at, event, platform, filesystem, version, from_version, detail) VALUES `+tuples(len(chunk), columns)+`
ON CONFLICT (mac, at, event) DO NOTHING`), args...); err != nil {
			return err
		}
	}
	return nil
}

// historyChunk is how many lines one statement writes: with more it goes no
// faster.
const historyChunk = 100

// maxHistory is how many lines are kept at most, some 200 bytes each.
const maxHistory = 5_000_000

// Prune drops what is older than some days or behind too many lines, and minutes
// older than two hours.
func (s *History) Prune(ctx context.Context, days int) error {
	before := Now().AddDate(0, 0, -days)
	if err := s.pruneLines(ctx, before); err != nil {
		return err
	}
	for _, d := range []struct {
		query string
		arg   any
	}{
		{`DELETE FROM adoption WHERE day < $1`, before.Format(time.DateOnly)},
		{`DELETE FROM checkin_minutes WHERE minute < $1`, Now().Add(-2 * time.Hour)},
	} {
		if _, err := s.db.exec(ctx, d.query, d.arg); err != nil {
			return err
		}
	}
	return nil
}

// pruneStep is about how many lines one statement drops: on SQLite nobody else
// writes meanwhile.
const pruneStep = 10_000

// pruneLines drops the lines of before a time, and the oldest of too many. Those of
// one time go together.
func (s *History) pruneLines(ctx context.Context, before time.Time) error {
	var most time.Time
	err := s.db.read.GetContext(ctx, &most, `SELECT at FROM history ORDER BY at DESC LIMIT 1 OFFSET $1`, s.most)
	if err != nil && !none(err) {
		return err
	}
	if most.After(before) {
		before = most
	}
	for {
		var step time.Time
		err := s.db.read.GetContext(ctx, &step, `SELECT at FROM history WHERE at < $1 ORDER BY at LIMIT 1 OFFSET $2`, before, pruneStep)
		if none(err) {
			step = before
		} else if err != nil {
			return err
		}
		if _, err := s.db.exec(ctx, `DELETE FROM history WHERE at < $1 AND at <= $2`, before, step); err != nil || step.Equal(before) {
			return err
		}
	}
}

// CountCheckIns adds to the check-ins of a minute.
func (s *History) CountCheckIns(ctx context.Context, at time.Time, n int64) error {
	_, err := s.db.exec(ctx, `
INSERT INTO checkin_minutes (minute, count) VALUES ($1, $2)
ON CONFLICT (minute) DO UPDATE SET count = checkin_minutes.count + excluded.count`, at.UTC().Truncate(time.Minute), n)
	return err
}

// CheckInMinutes is the number of check-ins of each minute of the last hour, the
// oldest first.
func (s *History) CheckInMinutes(ctx context.Context) ([]int64, error) {
	first := Now().Truncate(time.Minute).Add(-59 * time.Minute)
	var rows []struct {
		Minute time.Time
		Count  int64
	}
	if err := s.db.read.SelectContext(ctx, &rows, `SELECT minute, count FROM checkin_minutes WHERE minute >= $1`, first); err != nil {
		return nil, err
	}
	minutes := make([]int64, 60)
	for _, r := range rows {
		if i := int(r.Minute.Sub(first) / time.Minute); i >= 0 && i < len(minutes) {
			minutes[i] = r.Count
		}
	}
	return minutes, nil
}

// SnapshotAdoption notes how many devices of each platform run which version
// today, in place of what was noted earlier today.
func (s *History) SnapshotAdoption(ctx context.Context) error {
	day := Now().Format(time.DateOnly)
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM adoption WHERE day = $1`, day); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
INSERT INTO adoption (platform, day, version, version_key, devices)
SELECT platform, CAST($1 AS TEXT), version, MAX(version_key), COUNT(*) FROM devices
WHERE platform IS NOT NULL AND last_seen IS NOT NULL GROUP BY platform, version
ON CONFLICT (platform, day, version) DO UPDATE SET devices = excluded.devices`, day)
		return err
	})
}

// Adoption is how many devices of a platform ran which version on each day that
// was noted, the oldest first, the highest version of a day first.
func (s *History) Adoption(ctx context.Context, platform string) ([]fleet.Adoption, error) {
	var rows []fleet.Adoption
	err := s.db.read.SelectContext(ctx, &rows, `
SELECT day, version, devices FROM adoption WHERE platform = $1 ORDER BY day, version_key DESC, version`, platform)
	return rows, err
}

// Running is how many devices of a platform run which version now, the highest
// first.
func (s *History) Running(ctx context.Context, platform string) ([]fleet.Adoption, error) {
	var rows []fleet.Adoption
	err := s.db.read.SelectContext(ctx, &rows, `
SELECT '' AS day, version, COUNT(*) AS devices FROM devices WHERE platform = $1 AND last_seen IS NOT NULL
GROUP BY version ORDER BY MAX(version_key) DESC, version`, platform)
	return rows, err
}
