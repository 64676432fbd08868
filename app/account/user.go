// Package account knows the people who use the server: who they are, what they
// may do, and the secrets that prove it. It knows neither HTTP nor SQL.
package account

import (
	"net/mail"
	"strings"
	"time"

	"esp-update-server/app/fault"
)

// Role is what a person may do.
type Role string

// The roles, from the one that may do nothing upwards.
const (
	Plain  Role = "user"   // waits for an admin
	Viewer Role = "viewer" // sees all, changes nothing
	Admin  Role = "admin"
)

// ranks orders the roles by what they allow.
var ranks = map[Role]int{Plain: 1, Viewer: 2, Admin: 3}

// Below reports whether r allows less than other.
func (r Role) Below(other Role) bool { return ranks[r] < ranks[other] }

// ParseRole reads the name of a role.
func ParseRole(s string) (Role, error) {
	if _, ok := ranks[Role(s)]; !ok {
		return "", fault.Field("role", "Choose user, viewer or admin.")
	}
	return Role(s), nil
}

// User is a person with an account.
type User struct {
	ID           string
	Email        string // lower case
	Name         string
	PasswordHash string // "" when only a one-time link can set one
	Role         Role
	WasAdmin     bool // whether they ever were an admin
	SecondFactor bool // whether sign-in asks for a code
	CreatedAt    time.Time
	LastSignIn   *time.Time
}

// MaxWaiting is how many users may wait for an admin: anybody can sign up, and
// nobody must fill the disk with it.
const MaxWaiting = 1000

// MaxEmail and MaxName bound what is kept of a person, in bytes.
const (
	MaxEmail = 254 // RFC 5321, 4.5.3.1.3
	MaxName  = 100
)

// ParseEmail reads an address and folds its case.
func ParseEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "" {
		return "", fault.Field("email", "An e-mail address is needed.")
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > MaxEmail || strings.ContainsAny(s, "\x00\r\n<>\"") {
		return "", fault.Field("email", "This is not an e-mail address: write it as name@example.com.")
	}
	return s, nil
}

// ParseName reads how a person wants to be called; it may be empty.
func ParseName(s string) (string, error) {
	s = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", ""))
	if len(s) > MaxName {
		return "", fault.Field("name", "A name has at most %d characters.", MaxName)
	}
	return s, nil
}
