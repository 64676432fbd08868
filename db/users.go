package db

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/account"
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
	CreatedAt    time.Time  `db:"created_at"`
	LastSignIn   *time.Time `db:"last_sign_in"`
}

func (r *userRow) user() account.User { return account.User(*r) }

const userColumns = `u.id, u.email, u.name, u.password_hash, u.role, u.was_admin, u.created_at, u.last_sign_in`

// Create adds a user, or says fault.Conflict when the address is taken.
func (s *Users) Create(ctx context.Context, u *account.User) error {
	return createUser(ctx, s.db.write, u)
}

func createUser(ctx context.Context, e sqlx.ExecerContext, u *account.User) error {
	_, err := e.ExecContext(ctx, `
INSERT INTO users (id, email, name, password_hash, role, was_admin, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		u.ID, u.Email, u.Name, u.PasswordHash, u.Role, u.Role == account.Admin, Now())
	if isDuplicate(err) {
		f := fault.Field("email", "There is an account for this address already.")
		f.Kind = fault.Conflict
		return f
	}
	return err
}

// FindByEmail is the user of an address, or fault.NotFound.
func (s *Users) FindByEmail(ctx context.Context, email string) (*account.User, error) {
	return findUser(ctx, s.db.read, email)
}

func findUser(ctx context.Context, q sqlx.QueryerContext, email string) (*account.User, error) {
	var row userRow
	err := sqlx.GetContext(ctx, q, &row, `SELECT `+userColumns+` FROM users u WHERE u.email = $1`, email)
	if none(err) {
		return nil, fault.New(fault.NotFound, "There is no user %s.", email)
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

// SignedIn notes the time of a sign-in.
func (s *Users) SignedIn(ctx context.Context, id string) error {
	_, err := s.db.write.ExecContext(ctx, `UPDATE users SET last_sign_in = $2 WHERE id = $1`, id, Now())
	return err
}

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
	err = s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		u, err := findUser(ctx, tx, email)
		if fault.Is(err, fault.NotFound) && passwordHash != "" {
			did = AdminCreated
			return createUser(ctx, tx, &account.User{ID: account.NewID(), Email: email, PasswordHash: passwordHash, Role: account.Admin})
		}
		if err != nil {
			return err
		}
		did, err = promote(ctx, tx, u, passwordHash)
		return err
	})
	return did, err
}

func promote(ctx context.Context, tx *sqlx.Tx, u *account.User, passwordHash string) (Promotion, error) {
	if _, err := tx.ExecContext(ctx, `UPDATE users SET role = $2, was_admin = $3 WHERE id = $1`, u.ID, account.Admin, true); err != nil {
		return 0, err
	}
	if u.WasAdmin || passwordHash == "" {
		return AdminKept, nil
	}
	return AdminPromoted, replacePassword(ctx, tx, u.ID, passwordHash)
}

// replacePassword sets a password and ends all that an older one had opened.
func replacePassword(ctx context.Context, tx *sqlx.Tx, id, hash string) error {
	for _, q := range []string{
		`DELETE FROM sessions WHERE user_id = $1`,
		`DELETE FROM tokens WHERE user_id = $1`,
		`DELETE FROM links WHERE user_id = $1`,
	} {
		if _, err := tx.ExecContext(ctx, q, id); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `UPDATE users SET password_hash = $2 WHERE id = $1`, id, hash)
	return err
}
