package db

import (
	"context"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/account"
	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
)

// Promotion tells what EnsureAdmin did.
type Promotion int

// What EnsureAdmin can find and do.
const (
	AdminKept     Promotion = iota // was an admin before and keeps its password
	AdminCreated                   // was made with the password
	AdminPromoted                  // was never an admin: got the password and lost sessions and tokens
)

// EnsureAdmin makes the user of an address an admin. Without a password hash
// the user must exist already. A user that never was an admin gets the password
// and loses sessions and tokens, since anybody may have signed up under that
// address.
func (s *Users) EnsureAdmin(ctx context.Context, email, passwordHash string) (did Promotion, err error) {
	did, err = s.ensureAdmin(ctx, email, passwordHash)
	if fault.Is(err, fault.Conflict) { // another process, which starts too, created the user just now
		did, err = s.ensureAdmin(ctx, email, passwordHash)
	}
	return did, err
}

func (s *Users) ensureAdmin(ctx context.Context, email, passwordHash string) (did Promotion, err error) {
	err = s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		u, err := findUser(ctx, tx, email)
		if fault.Is(err, fault.NotFound) && passwordHash != "" {
			did = AdminCreated
			u = &account.User{ID: account.NewID(), Email: email, PasswordHash: passwordHash, Role: account.Admin}
			if err := createUser(ctx, tx, u); err != nil {
				return err
			}
			return s.db.record(ctx, tx, activity.Entry{Action: activity.AdminCreated, Subject: email})
		}
		if err != nil {
			return err
		}
		if did, err = promote(ctx, tx, u, passwordHash); err != nil {
			return err
		}
		return s.recordPromotion(ctx, tx, u, did)
	})
	return did, err
}

// recordPromotion keeps what became of a user in the activity.
func (s *Users) recordPromotion(ctx context.Context, tx *sqlx.Tx, u *account.User, did Promotion) error {
	changes := activity.Between("role", string(u.Role), string(account.Admin))
	if did == AdminPromoted {
		changes = append(changes, activity.Change{Field: "password", Before: "their own", After: "that of the settings"})
	}
	if len(changes) == 0 {
		return nil
	}
	return s.db.record(ctx, tx, activity.Entry{Action: activity.RoleChanged, Subject: u.Email, Changes: changes})
}

func promote(ctx context.Context, tx *sqlx.Tx, u *account.User, passwordHash string) (Promotion, error) {
	if _, err := tx.ExecContext(ctx, `UPDATE users SET role = $2, was_admin = $3 WHERE id = $1`, u.ID, account.Admin, true); err != nil {
		return 0, err
	}
	if passwordHash == "" || u.WasAdmin && u.PasswordHash != "" {
		return AdminKept, nil
	}
	return AdminPromoted, replacePassword(ctx, tx, u.ID, passwordHash)
}

// replacePassword sets a password and ends all that an older one had opened. The
// second factor goes too: whoever needs another password may have lost it.
func replacePassword(ctx context.Context, tx *sqlx.Tx, id, hash string) error {
	for _, q := range []string{
		`DELETE FROM sessions WHERE user_id = $1`,
		`DELETE FROM tokens WHERE user_id = $1`,
		`DELETE FROM second_factors WHERE user_id = $1`,
		`DELETE FROM recovery_codes WHERE user_id = $1`,
	} {
		if _, err := tx.ExecContext(ctx, q, id); err != nil {
			return err
		}
	}
	return setPassword(ctx, tx, id, hash)
}

// SetRole changes what a user may do, and says what they were allowed before.
// Rights that fall end all their sessions. The last admin stays one.
func (s *Users) SetRole(ctx context.Context, id string, role account.Role) (before account.Role, err error) {
	err = s.changeUser(ctx, id, func(tx *sqlx.Tx, u *account.User) error {
		before = u.Role
		if role.Below(before) {
			if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE user_id = $1`, id); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE users SET role = $2, was_admin = was_admin OR $3 WHERE id = $1`, id, role, role == account.Admin)
		if err != nil {
			return err
		}
		return s.db.recordText(ctx, tx, activity.RoleChanged, u.Email, "role", string(before), string(role))
	})
	return before, err
}

// Delete removes a user with all that is theirs. The last admin stays.
func (s *Users) Delete(ctx context.Context, id string) error {
	return s.changeUser(ctx, id, func(tx *sqlx.Tx, u *account.User) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM users WHERE id = $1`, id); err != nil {
			return err
		}
		return s.db.recordText(ctx, tx, activity.UserDeleted, u.Email, "role", string(u.Role), "")
	})
}

// changeUser changes a user while nobody else does, and takes it back when it
// would leave no admin who can sign in.
func (s *Users) changeUser(ctx context.Context, id string, change func(*sqlx.Tx, *account.User) error) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := oneByOne(ctx, tx, "admins"); err != nil {
			return err
		}
		u, err := getUser(ctx, tx, `u.id = $1`, id)
		if err != nil {
			return err
		}
		if err := change(tx, u); err != nil {
			return err
		}
		var left int
		err = tx.GetContext(ctx, &left, `SELECT COUNT(*) FROM users WHERE role = $1 AND password_hash <> ''`, account.Admin)
		if err == nil && left == 0 && u.Role == account.Admin {
			err = fault.New(fault.Conflict, "%s is the last admin: make somebody else an admin first.", u.Email)
		}
		return err
	})
}

// oneByOne holds up other transactions under the same name until this one ends.
func oneByOne(ctx context.Context, tx *sqlx.Tx, name string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO locks (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET name = excluded.name`, name)
	return err
}
