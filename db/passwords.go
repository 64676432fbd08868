package db

import (
	"context"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

// AddPassword makes a password, given by its hash, the one that the devices of a
// platform are to send. The one before is good too until it is retired; where
// there is none, grace lets devices in that send none, until that is retired. It
// says fault.Conflict while an earlier change is not ended.
func (s *Platforms) AddPassword(ctx context.Context, name, hash string, grace bool) error {
	return s.changePasswords(ctx, name, activity.PasswordSet, func(tx *sqlx.Tx, before *fleet.Passwords) error {
		if before.Rotating() {
			return fault.New(fault.Conflict, "The password of %s is being changed already. End that first: retire what is still accepted beside the new password.", name)
		}
		_, err := tx.ExecContext(ctx, `
UPDATE platforms SET old_password_hash = password_hash, old_password_at = password_at,
  password_hash = $2, password_at = $3, password_grace = $4 WHERE name = $1`, name, hash, Now(), grace && !before.Asked())
		return err
	})
}

// RetirePassword ends that devices are let in with the password of a key, or
// with none (fleet.NoPasswordKey). When it was the new one, the old one is asked
// for again; when it was the only one, none is. It says fault.Conflict when
// devices are not let in with it any more.
func (s *Platforms) RetirePassword(ctx context.Context, name, key string) error {
	return s.changePasswords(ctx, name, activity.PasswordRetired, func(tx *sqlx.Tx, before *fleet.Passwords) error {
		set := ""
		switch {
		case key == fleet.NoPasswordKey && before.Grace:
			set = `password_grace = FALSE`
		case key == fleet.PasswordKey(before.OldHash) && key != "":
			set = `old_password_hash = '', old_password_at = NULL`
		case key == fleet.PasswordKey(before.Hash) && key != "":
			set = `password_hash = old_password_hash, password_at = old_password_at, old_password_hash = '', old_password_at = NULL, password_grace = FALSE`
		default:
			return fault.New(fault.Conflict, "Somebody else changed the passwords of %s meanwhile: look at what is accepted now.", name)
		}
		_, err := tx.ExecContext(ctx, `UPDATE platforms SET `+set+` WHERE name = $1`, name) // #nosec G202 -- one of the texts above
		return err
	})
}

// changePasswords changes the passwords of a platform and tells of it. No other
// change of them comes between: there is one transaction of its kind at a time.
func (s *Platforms) changePasswords(ctx context.Context, name string, action activity.Action, change func(tx *sqlx.Tx, before *fleet.Passwords) error) error {
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		before, err := passwordsOf(ctx, tx, name)
		if err != nil {
			return err
		}
		if err := change(tx, before); err != nil {
			return err
		}
		after, err := passwordsOf(ctx, tx, name)
		if err != nil {
			return err
		}
		if err := noteCatalog(ctx, tx); err != nil {
			return err
		}
		return s.db.recordText(ctx, tx, action, name, "accepted", before.Accepted(), after.Accepted())
	})
}

func passwordsOf(ctx context.Context, tx *sqlx.Tx, name string) (*fleet.Passwords, error) {
	var row platformRow
	err := tx.GetContext(ctx, &row, selectPlatforms+` WHERE p.name = $1`, name)
	if none(err) {
		return nil, noPlatform(name)
	}
	return &row.Passwords, err
}

// PasswordUses is how many devices on a platform's whitelist sent which password
// at their last check-in. Those that never asked are left out.
func (s *Devices) PasswordUses(ctx context.Context, p *fleet.Platform) (fleet.PasswordUses, error) {
	var rows []struct {
		Key     string
		Devices int64
	}
	err := s.db.read.SelectContext(ctx, &rows, `
SELECT password_key AS key, COUNT(*) AS devices FROM devices WHERE platform = $1 AND last_seen IS NOT NULL GROUP BY password_key`, p.Name)
	uses := fleet.PasswordUses{}
	for _, r := range rows {
		uses[p.Passwords.Use(r.Key)] += r.Devices
	}
	return uses, err
}
