package db

import (
	"context"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fleet"
)

// kept says which devices an entry tells of.
type kept int

const (
	keptChanged kept = iota // those whose platform or notes changed
	keptAll                 // all of them
)

// keepDevices keeps how devices are before they are changed, under the key of
// the entry that will tell of it. Chosen is a query for their MACs; its first
// argument is $1.
func keepDevices(ctx context.Context, tx *sqlx.Tx, chosen string, args ...any) (id string, err error) {
	id = activity.NewID(Now())
	w := where{args: args}
	text := `INSERT INTO activity_devices (activity, mac, platform_before, notes_before)
SELECT CAST(` + w.arg(id) + ` AS TEXT), mac, COALESCE(platform, ''), notes FROM devices WHERE mac IN (` + chosen + `)`
	_, err = tx.ExecContext(ctx, text, w.args...)
	return id, err
}

// keepDevice is keepDevices for one.
func keepDevice(ctx context.Context, tx *sqlx.Tx, mac fleet.MAC) (id string, err error) {
	return keepDevices(ctx, tx, `$1`, mac)
}

// keepAfter keeps how the devices of an entry are after the change. Those that
// are gone are on no whitelist and have no notes. Notes that stayed the same are
// not worth their place.
func keepAfter(ctx context.Context, tx *sqlx.Tx, id string) error {
	_, err := tx.ExecContext(ctx, `
UPDATE activity_devices SET platform_after = COALESCE(d.platform, ''),
  notes_before = CASE WHEN activity_devices.notes_before = d.notes THEN '' ELSE activity_devices.notes_before END,
  notes_after = CASE WHEN activity_devices.notes_before = d.notes THEN '' ELSE d.notes END
FROM devices d WHERE d.mac = activity_devices.mac AND activity_devices.activity = $1`, id)
	return err
}

// recordDevices is record for the devices that were kept before the change, of
// which the index of the device route is to hear: it wants inIndexTx. Of
// one, the entry tells itself what changed; without any there is none, unless it
// has another subject.
func (d *DB) recordDevices(ctx context.Context, tx *sqlx.Tx, id string, e activity.Entry, which kept) error {
	if err := noteDevices(ctx, tx, `SELECT mac FROM activity_devices WHERE activity = $1`, id); err != nil {
		return err
	}
	if err := keepAfter(ctx, tx, id); err != nil {
		return err
	}
	if which == keptChanged {
		if _, err := tx.ExecContext(ctx, `
DELETE FROM activity_devices WHERE activity = $1 AND platform_before = platform_after AND notes_before = notes_after`, id); err != nil {
			return err
		}
	}
	e.ID = id
	if err := tx.GetContext(ctx, &e.Devices, `SELECT COUNT(*) FROM activity_devices WHERE activity = $1`, id); err != nil {
		return err
	}
	if e.Subject == "" && e.Devices == 0 {
		return nil
	}
	if e.Subject == "" && e.Devices == 1 {
		if err := tellOne(ctx, tx, &e); err != nil {
			return err
		}
	}
	return d.record(ctx, tx, e)
}

// tellOne makes the only device of an entry its subject.
func tellOne(ctx context.Context, tx *sqlx.Tx, e *activity.Entry) error {
	list, err := devicesOf(ctx, tx, e.ID, "", 1)
	if err != nil {
		return err
	}
	only := &list[0]
	e.Subject, e.Selected, e.Changes = string(only.MAC), "", only.Changes()
	if e.Action == activity.DevicePermitted {
		e.Action = only.Action()
	}
	return nil
}
