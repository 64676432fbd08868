package db

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

// keptColumns are the columns of a device that are written, and so those that a
// removal keeps.
const keptColumns = `mac, platform, version_key, answer, last_seen, first_seen, ip_key, notes_lower, notes, created_at, version,
requested_platform, ignored_platform, ip, reason, family, mode, chip_id, ap_mac, free_space, sketch_size, sketch_md5,
sketch_sha256, chip_size, sdk_version, client_version, user_agent, inflates, password_key, board, board_before, board_returns, board_dismissed,
filesystem, filesystem_version, filesystem_reason`

// PermitAll permits the selected devices on a platform, from other whitelists
// too. It says fault.Conflict when there are more than atMost, which is how many
// the person was told; so do the others.
func (s *Devices) PermitAll(ctx context.Context, sel fleet.Selection, atMost int64, platform, by string) (n int64, err error) {
	pin := fleet.Removal{ID: rand.Text(), By: by}
	err = s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		now := Now()
		if n, err = s.pin(ctx, tx, sel, atMost, &pin, now); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, addPinnedHistory+` AND COALESCE(r.platform, '') <> $2`,
			fleet.Permitted, platform, by, pin.ID); err != nil {
			return err
		}
		e := activity.Entry{Selected: activity.Select(sel), Changes: []activity.Change{{Field: "platform", Before: "as each was", After: platform}}}
		err := s.permitPinned(ctx, tx, pin.ID, e, `UPDATE devices SET platform = $2, ignored_platform = NULL WHERE mac IN (`+pinned+`)`, platform)
		return unknownPlatform(err, platform)
	})
	return n, err
}

// permitPinned puts pinned devices on whitelists by an update, of which $1 is the
// pin, tells of it, and lets go of the pin.
func (s *Devices) permitPinned(ctx context.Context, tx *sqlx.Tx, pin string, e activity.Entry, update string, args ...any) error {
	id, err := keepPinned(ctx, tx, pin)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, update, append([]any{pin}, args...)...); err != nil {
		return err
	}
	e.Action = activity.DevicePermitted
	if err := s.db.recordDevices(ctx, tx, id, e, keptChanged); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM removals WHERE id = $1`, pin)
	return err
}

// addPinnedHistory adds an event $1 by $3 for pinned devices: about platform $2,
// or when that is NULL about the one that each was on.
const addPinnedHistory = `
INSERT INTO history (mac, at, event, platform, detail)
SELECT r.mac, x.at, CAST($1 AS TEXT), COALESCE(CAST($2 AS TEXT), r.platform), CAST($3 AS TEXT)
FROM removed_devices r JOIN removals x ON x.id = r.removal WHERE r.removal = $4`

// RemoveAll revokes or forgets the selected devices, as the removal says. What
// is revoked already is no part of a revocation.
func (s *Devices) RemoveAll(ctx context.Context, sel fleet.Selection, atMost int64, r fleet.Removal) (n int64, err error) {
	err = s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		now := Now()
		if err := dropRemovals(ctx, tx, now); err != nil {
			return err
		}
		if n, err = s.pin(ctx, tx, sel, atMost, &r, now); err != nil {
			return err
		}
		id, err := keepPinned(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		if err := removePinned(ctx, tx, &r); err != nil {
			return err
		}
		e := activity.Entry{Action: removals[r.Kind], Selected: activity.Select(sel)}
		return s.db.recordDevices(ctx, tx, id, e, keptAll)
	})
	return n, err
}

// removals are the kinds of removal as the activity tells them.
var removals = map[fleet.RemovalKind]activity.Action{fleet.Revocation: activity.DeviceRevoked, fleet.Oblivion: activity.DeviceForgotten}

// pinned are the MACs of the devices that are pinned under $1.
const pinned = `SELECT mac FROM removed_devices WHERE removal = $1`

func keepPinned(ctx context.Context, tx *sqlx.Tx, id string) (string, error) {
	return keepDevices(ctx, tx, pinned, id)
}

func removePinned(ctx context.Context, tx *sqlx.Tx, r *fleet.Removal) error {
	if r.Kind == fleet.Oblivion {
		_, err := tx.ExecContext(ctx, `DELETE FROM devices WHERE mac IN (`+pinned+`)`, r.ID)
		return err
	}
	if _, err := tx.ExecContext(ctx, addPinnedHistory, fleet.Revoked, nil, r.By, r.ID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE devices SET platform = NULL WHERE mac IN (`+pinned+`)`, r.ID)
	return err
}

// IgnoreAll keeps the selected new devices out of the queue until they ask for
// another platform, or lets them back in.
func (s *Devices) IgnoreAll(ctx context.Context, sel fleet.Selection, atMost int64, ignore bool) (n int64, err error) {
	value, action := "NULL", activity.DeviceHeeded
	if ignore {
		value, action = "requested_platform", activity.DeviceIgnored
	}
	err = s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		w := where{engine: s.db.engine}
		chosen := w.selected(sel)
		id, err := keepDevices(ctx, tx, `SELECT mac FROM devices WHERE platform IS NULL AND mac IN (`+chosen+`)`, w.args...)
		if err != nil {
			return err
		}
		n, err = affected(tx.ExecContext(ctx,
			`UPDATE devices SET ignored_platform = `+value+` WHERE mac IN (SELECT mac FROM activity_devices WHERE activity = $1)`, id))
		if err == nil && n > atMost {
			err = tooMany(n, atMost)
		}
		if err != nil {
			return err
		}
		return s.db.recordDevices(ctx, tx, id, activity.Entry{Action: action, Selected: activity.Select(sel)}, keptAll)
	})
	return n, err
}

// CountSelected is how many devices are selected.
func (s *Devices) CountSelected(ctx context.Context, sel fleet.Selection) (n int64, err error) {
	w := where{engine: s.db.engine}
	err = s.db.read.GetContext(ctx, &n, `SELECT COUNT(*) FROM (`+w.selected(sel)+`) chosen`, w.args...)
	return n, err
}

// CountUpTo is how many devices are selected, or limit when there are more: a
// search need not go on then.
func (s *Devices) CountUpTo(ctx context.Context, sel fleet.Selection, limit int64) (n int64, err error) {
	w := where{engine: s.db.engine}
	text := `SELECT COUNT(*) FROM (` + w.selected(sel)
	err = s.db.read.GetContext(ctx, &n, text+` LIMIT `+w.arg(limit)+`) chosen`, w.args...)
	return n, err
}

// pin keeps the selected devices as they are, so that all steps of a change are
// about the same ones.
func (s *Devices) pin(ctx context.Context, tx *sqlx.Tx, sel fleet.Selection, atMost int64, r *fleet.Removal, now time.Time) (int64, error) {
	if _, err := tx.ExecContext(ctx, `INSERT INTO removals (id, user_id, kind, at) VALUES ($1, $2, $3, $4)`, r.ID, r.UserID, r.Kind, now); err != nil {
		return 0, err
	}
	w := where{engine: s.db.engine}
	text := `INSERT INTO removed_devices (removal, ` + keptColumns + `) SELECT ` + w.arg(r.ID) + `, ` + keptColumns + ` FROM devices WHERE mac IN (` + w.selected(sel) + `)`
	if r.Kind == fleet.Revocation {
		text += " AND platform IS NOT NULL"
	}
	n, err := affected(tx.ExecContext(ctx, text, w.args...))
	if err == nil && n > atMost {
		err = tooMany(n, atMost)
	}
	return n, err
}

// tooMany is for more devices than the person was told.
func tooMany(n, atMost int64) error {
	return fault.New(fault.Conflict, "By now it would be %d devices and not %d. Nothing was changed: look again.", n, atMost)
}

// selected is the query for the MACs of a selection.
func (w *where) selected(sel fleet.Selection) string {
	if sel.Query != nil {
		from := w.filter(sel.Query, true)
		return "SELECT d.mac FROM " + from + w.text()
	}
	if len(sel.MACs) == 0 {
		return "SELECT mac FROM devices WHERE 1 = 0"
	}
	places := make([]string, len(sel.MACs))
	for i, mac := range sel.MACs {
		places[i] = w.arg(mac)
	}
	return "SELECT mac FROM devices WHERE mac IN (" + strings.Join(places, ", ") + ")"
}

// Undo takes back a removal of the last seconds, and is how many devices are as
// they were before. What was permitted or came back meanwhile keeps what is new.
func (s *Devices) Undo(ctx context.Context, r fleet.Removal) (n int64, err error) {
	err = s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		now := Now()
		err := tx.GetContext(ctx, &r.Kind, `SELECT kind FROM removals WHERE id = $1 AND user_id = $2 AND at > $3`, r.ID, r.UserID, now.Add(-fleet.UndoWithin))
		if none(err) {
			return fault.New(fault.Conflict, "It is too late to undo that.")
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE removals SET at = $2 WHERE id = $1`, r.ID, now); err != nil { // the time of what the history says
			return err
		}
		if n, err = s.restoreKept(ctx, tx, &r); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM removals WHERE id = $1`, r.ID)
		return err
	})
	return n, err
}

// restoreKept is restore with an entry in the activity. Devices that are not
// there are kept as such, so that the entry tells of those that come back.
func (s *Devices) restoreKept(ctx context.Context, tx *sqlx.Tx, r *fleet.Removal) (int64, error) {
	id, err := keepPinned(ctx, tx, r.ID)
	if err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `
INSERT INTO activity_devices (activity, mac) SELECT CAST($2 AS TEXT), mac FROM removed_devices WHERE removal = $1
ON CONFLICT (activity, mac) DO NOTHING`, r.ID, id); err != nil {
		return 0, err
	}
	n, err := restore(ctx, tx, r)
	if err != nil {
		return 0, err
	}
	which := keptChanged
	if r.Kind == fleet.Oblivion {
		which = keptAll
	}
	return n, s.db.recordDevices(ctx, tx, id, activity.Entry{Action: activity.DeviceRestored}, which)
}

// restore puts back what a removal kept. A platform that was deleted meanwhile
// stays gone.
func restore(ctx context.Context, tx *sqlx.Tx, r *fleet.Removal) (int64, error) {
	exists := `EXISTS (SELECT 1 FROM platforms p WHERE p.name = r.platform)`
	if r.Kind == fleet.Oblivion {
		columns := strings.Replace(keptColumns, "platform,", "CASE WHEN "+exists+" THEN platform END,", 1)
		return affected(tx.ExecContext(ctx, `
INSERT INTO devices (`+keptColumns+`) SELECT `+columns+` FROM removed_devices r WHERE r.removal = $1
ON CONFLICT (mac) DO UPDATE SET platform = COALESCE(devices.platform, excluded.platform), created_at = excluded.created_at, first_seen = excluded.first_seen,
  notes = CASE WHEN devices.notes = '' THEN excluded.notes ELSE devices.notes END,
  notes_lower = CASE WHEN devices.notes = '' THEN excluded.notes_lower ELSE devices.notes_lower END`, r.ID))
	}
	stillNew := exists + ` AND r.mac IN (SELECT mac FROM devices WHERE platform IS NULL)`
	if _, err := tx.ExecContext(ctx, addPinnedHistory+` AND `+stillNew, fleet.Permitted, nil, r.By, r.ID); err != nil {
		return 0, err
	}
	return affected(tx.ExecContext(ctx, `
UPDATE devices SET platform = (SELECT platform FROM removed_devices WHERE removal = $1 AND removed_devices.mac = devices.mac)
WHERE mac IN (SELECT r.mac FROM removed_devices r WHERE r.removal = $1 AND `+stillNew+`)`, r.ID))
}

// DropRemovals lets go of what can be undone no more, and of the history of
// devices that are forgotten.
func (s *Devices) DropRemovals(ctx context.Context) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error { return dropRemovals(ctx, tx, Now()) })
}

func dropRemovals(ctx context.Context, tx *sqlx.Tx, now time.Time) error {
	before := now.Add(-fleet.UndoWithin)
	if _, err := tx.ExecContext(ctx, `
DELETE FROM history WHERE mac IN (SELECT r.mac FROM removed_devices r JOIN removals x ON x.id = r.removal WHERE x.kind = $2 AND x.at <= $1)
  AND at <= (SELECT MAX(x.at) FROM removed_devices r JOIN removals x ON x.id = r.removal WHERE r.mac = history.mac AND x.kind = $2 AND x.at <= $1)`,
		before, fleet.Oblivion); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM removals WHERE at <= $1`, before)
	return err
}
