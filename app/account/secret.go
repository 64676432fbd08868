package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"esp-update-server/app/fault"
)

// How long secrets are good for.
const (
	SessionIdle        = 12 * time.Hour      // since its last use
	SessionLifetime    = 7 * 24 * time.Hour  // since sign-in, however much it is used
	RememberedIdle     = 14 * 24 * time.Hour // of those who asked to be remembered
	RememberedLifetime = 90 * 24 * time.Hour
	LinkLifetime       = 24 * time.Hour
	InviteLifetime     = 7 * 24 * time.Hour
)

// NewSecret makes a random text for a session, a token or a one-time link: 256
// bits, safe in URLs and headers.
func NewSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// TokenPrefix starts every API token, so that scanners for leaked secrets and
// people know one when they see it.
const TokenPrefix = "esp_"

// HashSecret is what is kept of a secret. Secrets are random, so a plain
// SHA-256 is enough: there is nothing to guess.
func HashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// NewID makes a random key for a row that has no natural one.
func NewID() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// Session is one browser in which a person is signed in.
type Session struct {
	Hash      string // of its id
	User      User
	Agent     string
	IP        string
	Remember  bool // whether it outlives the browser's window
	Role      Role // what the user was allowed when it got its id
	CreatedAt time.Time
	LastUsed  time.Time
}

// Lifetime is how long the session can last.
func (s *Session) Lifetime() time.Duration {
	if s.Remember {
		return RememberedLifetime
	}
	return SessionLifetime
}

// Key names the session among those of its user. It is no secret.
func (s *Session) Key() string { return keyOf(s.Hash) }

// keyOf is enough of a hash to tell it from a few others.
func keyOf(hash string) string { return hash[:min(len(hash), 16)] }

// Token is an API token: it acts in its owner's name.
type Token struct {
	Hash      string // of the token
	User      User
	Name      string
	Scope     Scope
	CreatedAt time.Time
	LastUsed  *time.Time
	ExpiresAt *time.Time // nil for never
}

// Key names the token among those of its owner. It is no secret.
func (t *Token) Key() string { return keyOf(t.Hash) }

// MaxTokens is how many tokens a user may have.
const MaxTokens = 100

// Scope is what a token may do, within what its owner may do.
type Scope string

// The scopes of API tokens.
const (
	Read  Scope = "read"
	Write Scope = "write"
)

// ParseScope reads the name of a scope.
func ParseScope(s string) (Scope, error) {
	if s != string(Read) && s != string(Write) {
		return "", fault.Field("scope", "Choose read or write.")
	}
	return Scope(s), nil
}

// Link is a one-time link that was passed on by hand.
type Link struct {
	Kind LinkKind
	User *User // whose password it sets; nil for the first set-up
}

// LinkKind is what a one-time link is good for.
type LinkKind string

// The kinds of one-time links.
const (
	SetupLink    LinkKind = "setup"    // makes the first admin
	PasswordLink LinkKind = "password" // sets a new password and removes the second factor
)
