package fleet

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// Secret is a password as a device sent it, "" for none. It shows itself to no
// log and no message.
type Secret string

// Format writes what stands for the secret, whatever is asked for.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "(secret)") }

// MarshalText gives what stands for the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }

// NewPassword makes a password for the devices of a platform: about 130 bits in
// 26 letters and digits, which need no escaping anywhere.
func NewPassword() Secret { return Secret(rand.Text()) }

// Hash is what is kept of a password. A fast hash is right for one that is
// random and not made up by a person: there is nothing to guess, and it is
// computed at each check-in.
func (s Secret) Hash() string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Passwords are those that a platform knows its devices by, as hashes.
type Passwords struct {
	Hash    string     // of the one that devices are to send; "" when none is asked for
	At      *time.Time // when it was made
	OldHash string     // of the one before, which is good too until it is retired; "" for none
	OldAt   *time.Time
	Grace   bool // devices that send none are let in too, until an admin ends that
}

// Asked reports whether the platform has a password.
func (p *Passwords) Asked() bool { return p.Hash != "" }

// Rotating reports whether devices are let in with something else than the
// password too.
func (p *Passwords) Rotating() bool { return p.OldHash != "" || p.Grace }

// Accepted says in words what devices are let in with.
func (p *Passwords) Accepted() string {
	switch {
	case !p.Asked():
		return "no password"
	case p.OldHash != "":
		return "the new password or the old one"
	case p.Grace:
		return "the password or none"
	}
	return "the password"
}

// PasswordUse is which of a platform's passwords a device sent.
type PasswordUse string

// The uses.
const (
	NewPasswordUsed PasswordUse = "new"
	OldPasswordUsed PasswordUse = "old"
	NoPasswordUsed  PasswordUse = "none"
	WrongPassword   PasswordUse = "wrong"
)

// Check tells which of the passwords a device sent, and the key that is kept of
// it with the device.
func (p *Passwords) Check(sent Secret) (use PasswordUse, key string) {
	if sent == "" || !p.Asked() {
		return NoPasswordUsed, ""
	}
	hash := sent.Hash()
	switch {
	case same(hash, p.Hash):
		return NewPasswordUsed, PasswordKey(hash)
	case same(hash, p.OldHash):
		return OldPasswordUsed, PasswordKey(hash)
	}
	return WrongPassword, string(WrongPassword)
}

// Accepts reports whether a device that sent this is let in. A wrong password
// is, where none at all would do: it protects nothing to refuse it, and the
// board can still get the firmware that knows the right one.
func (p *Passwords) Accepts(use PasswordUse) bool {
	return !p.Asked() || p.Grace || use == NewPasswordUsed || use == OldPasswordUsed
}

// Use tells from the key that is kept with a device which password it sent
// last. It is told when it is asked, so that a rotation has no device to change.
func (p *Passwords) Use(key string) PasswordUse {
	switch key {
	case "":
		return NoPasswordUsed
	case PasswordKey(p.Hash):
		return NewPasswordUsed
	case PasswordKey(p.OldHash):
		return OldPasswordUsed
	}
	return WrongPassword
}

// NoPasswordKey names, among the keys of passwords, that devices are let in
// without one.
const NoPasswordKey = "none"

// PasswordKey is enough of a hash to tell it from others. It is no secret.
func PasswordKey(hash string) string { return hash[:min(len(hash), 16)] }

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// PasswordUses is how many devices of a platform sent which password at their
// last check-in.
type PasswordUses map[PasswordUse]int64
