package db

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/account"
	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
)

// Users keeps the people with an account.
type Users struct{ db *DB }

type userRow struct {
	ID           string
	Email        string
	Name         string
	PasswordHash string `db:"password_hash"`
	Role         account.Role
	WasAdmin     bool       `db:"was_admin"`
	SecondFactor bool       `db:"second_factor"`
	CreatedAt    time.Time  `db:"created_at"`
	LastSignIn   *time.Time `db:"last_sign_in"`
}

func (r *userRow) user() account.User { return account.User(*r) }

const userColumns = `u.id, u.email, u.name, u.password_hash, u.role, u.was_admin, u.created_at, u.last_sign_in,
EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = u.id AND f.confirmed) AS second_factor`

// List is up to limit users, those who wait for an admin first.
func (s *Users) List(ctx context.Context, limit int) ([]account.User, error) {
	var rows []userRow
	err := s.db.read.SelectContext(ctx, &rows, `
SELECT `+userColumns+` FROM users u ORDER BY CASE WHEN u.role = $1 THEN 0 ELSE 1 END, u.email LIMIT $2`, account.Plain, limit)
	list := make([]account.User, len(rows))
	for i := range rows {
		list[i] = rows[i].user()
	}
	return list, err
}

// Count is how many users there are, and how many of them wait for an admin.
func (s *Users) Count(ctx context.Context) (all, waiting int64, err error) {
	var row struct{ All, Waiting int64 }
	err = s.db.read.GetContext(ctx, &row,
		`SELECT COUNT(*) AS "all", COUNT(CASE WHEN role = $1 THEN 1 END) AS waiting FROM users`, account.Plain)
	return row.All, row.Waiting, err
}

// Create adds a user, or says fault.Conflict when the address is taken.
func (s *Users) Create(ctx context.Context, u *account.User) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error { return s.db.createUserTold(ctx, tx, u) })
}

// createUserTold is createUser with an entry in the activity.
func (d *DB) createUserTold(ctx context.Context, tx *sqlx.Tx, u *account.User) error {
	if err := createUser(ctx, tx, u); err != nil {
		return err
	}
	action := activity.UserInvited
	if d.authorOf(ctx).UserID == u.ID {
		action = activity.UserSignedUp
	}
	return d.recordText(ctx, tx, action, u.Email, "role", "", string(u.Role))
}

func createUser(ctx context.Context, e sqlx.ExecerContext, u *account.User) error {
	_, err := e.ExecContext(ctx, `
INSERT INTO users (id, email, name, password_hash, role, was_admin, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		u.ID, u.Email, u.Name, u.PasswordHash, u.Role, u.Role == account.Admin, Now())
	return takenAddress(err)
}

// takenAddress says of a duplicate what it is.
func takenAddress(err error) error {
	if !isDuplicate(err) {
		return err
	}
	f := fault.Field("email", "There is an account for this address already.")
	f.Kind = fault.Conflict
	return f
}

// FindByEmail is the user of an address, or fault.NotFound.
func (s *Users) FindByEmail(ctx context.Context, email string) (*account.User, error) {
	return findUser(ctx, s.db.read, email)
}

func findUser(ctx context.Context, q sqlx.QueryerContext, email string) (*account.User, error) {
	return getUser(ctx, q, `u.email = $1`, email)
}

// Find is the user of an id, or fault.NotFound.
func (s *Users) Find(ctx context.Context, id string) (*account.User, error) {
	return getUser(ctx, s.db.read, `u.id = $1`, id)
}

func getUser(ctx context.Context, q sqlx.QueryerContext, where, key string) (*account.User, error) {
	var row userRow
	err := sqlx.GetContext(ctx, q, &row, `SELECT `+userColumns+` FROM users u WHERE `+where, key)
	if none(err) {
		return nil, fault.New(fault.NotFound, "There is no user %s.", key)
	}
	if err != nil {
		return nil, err
	}
	u := row.user()
	return &u, nil
}

// AnyAdmin reports whether there is an admin.
func (s *Users) AnyAdmin(ctx context.Context) (bool, error) {
	var n int
	err := s.db.read.GetContext(ctx, &n, `SELECT COUNT(*) FROM users WHERE role = $1`, account.Admin)
	return n > 0, err
}

// SetName changes how a user is called.
func (s *Users) SetName(ctx context.Context, id, name string) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		u, err := lockUser(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE users SET name = $2 WHERE id = $1`, id, name); err != nil {
			return err
		}
		return s.db.recordText(ctx, tx, activity.NameChanged, u.Email, "name", u.Name, name)
	})
}

// SetEmail changes a user's address, or says fault.Conflict when it is taken.
func (s *Users) SetEmail(ctx context.Context, id, email string) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		u, err := lockUser(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE users SET email = $2 WHERE id = $1`, id, email); err != nil {
			return takenAddress(err)
		}
		return s.db.recordText(ctx, tx, activity.EmailChanged, u.Email, "e-mail address", u.Email, email)
	})
}

// lockUser is a user whom nobody else changes until the transaction ends.
func lockUser(ctx context.Context, tx *sqlx.Tx, id string) (*account.User, error) {
	if _, err := tx.ExecContext(ctx, `UPDATE users SET name = name WHERE id = $1`, id); err != nil {
		return nil, err
	}
	return getUser(ctx, tx, `u.id = $1`, id)
}

// recordOf is record for what was done to a user or to what is theirs.
func (d *DB) recordOf(ctx context.Context, tx *sqlx.Tx, action activity.Action, user string, changes ...activity.Change) error {
	u, err := getUser(ctx, tx, `u.id = $1`, user)
	if err != nil {
		return err
	}
	return d.record(ctx, tx, activity.Entry{Action: action, Subject: u.Email, Changes: changes})
}

// SetPassword changes a user's password and ends all their sessions but one,
// and the links that would set another.
func (s *Users) SetPassword(ctx context.Context, id, hash, session string) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE user_id = $1 AND hash <> $2`, id, session); err != nil {
			return err
		}
		if err := setPassword(ctx, tx, id, hash); err != nil {
			return err
		}
		return s.db.recordOf(ctx, tx, activity.PasswordChanged, id)
	})
}

// setPassword sets a password and ends what was on the way to set or use another.
func setPassword(ctx context.Context, tx *sqlx.Tx, id, hash string) error {
	for _, q := range []string{`DELETE FROM links WHERE user_id = $1`, `DELETE FROM challenges WHERE user_id = $1`} {
		if _, err := tx.ExecContext(ctx, q, id); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `UPDATE users SET password_hash = $2 WHERE id = $1`, id, hash)
	return err
}

// Rehash puts another hash of the same password in the place of one, unless the
// password was changed meanwhile. Nobody changed anything, so nothing is told.
func (s *Users) Rehash(ctx context.Context, id, was, hash string) error {
	_, err := s.db.exec(ctx, `UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2`, id, was, hash)
	return err
}
