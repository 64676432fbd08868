package db

import (
	"context"
	"crypto/rand"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fleet"
)

// askedPlatform is the name that a device asked for, in the spelling of platforms.
const askedPlatform = `LOWER(REPLACE(requested_platform, '_', '-'))`

// Asked is which platforms the selected devices asked for, the most asked for
// first; those that do not exist are told together, under "".
func (s *Devices) Asked(ctx context.Context, sel fleet.Selection) ([]fleet.Asked, error) {
	var list []fleet.Asked
	w := where{engine: s.db.engine}
	err := s.db.read.SelectContext(ctx, &list, `
SELECT COALESCE(p.name, '') AS platform, COUNT(*) AS devices, COUNT(d.platform) AS permitted
FROM devices d LEFT JOIN platforms p ON p.name = `+askedPlatform+`
WHERE d.mac IN (`+w.selected(sel)+`) GROUP BY p.name ORDER BY COUNT(*) DESC, COALESCE(p.name, '')`, w.args...)
	return list, err
}

// PermitAsked permits each of the selected new devices on the platform that it
// asked for. Those whose platform does not exist stay as they are.
func (s *Devices) PermitAsked(ctx context.Context, sel fleet.Selection, atMost int64, by string) (permitted, stayed int64, err error) {
	pin := fleet.Removal{ID: rand.Text(), By: by}
	err = s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := s.pin(ctx, tx, sel, atMost, &pin, Now()); err != nil {
			return err
		}
		if stayed, err = pinAsked(ctx, tx, pin.ID); err != nil {
			return err
		}
		if permitted, err = affected(tx.ExecContext(ctx, addPinnedHistory, fleet.Permitted, nil, by, pin.ID)); err != nil {
			return err
		}
		e := activity.Entry{Selected: activity.Select(sel), Changes: []activity.Change{{Field: "platform", Before: "none", After: "as each asked"}}}
		return s.permitPinned(ctx, tx, pin.ID, e, movePinned)
	})
	return permitted, stayed, err
}

// pinAsked leaves pinned the new devices whose platform exists, with that in the
// place of the one that they are on. It is how many new ones are left out.
func pinAsked(ctx context.Context, tx *sqlx.Tx, id string) (stayed int64, err error) {
	if _, err := tx.ExecContext(ctx, `DELETE FROM removed_devices WHERE removal = $1 AND platform IS NOT NULL`, id); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `
UPDATE removed_devices SET platform = (SELECT p.name FROM platforms p WHERE p.name = `+askedPlatform+`) WHERE removal = $1`, id); err != nil {
		return 0, err
	}
	return affected(tx.ExecContext(ctx, `DELETE FROM removed_devices WHERE removal = $1 AND platform IS NULL`, id))
}

// movePinned puts devices on the platform that is pinned with each.
const movePinned = `
UPDATE devices SET platform = (SELECT r.platform FROM removed_devices r WHERE r.removal = $1 AND r.mac = devices.mac), ignored_platform = NULL
WHERE mac IN (` + pinned + `)`
