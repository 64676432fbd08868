package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"

	"esp-update-server/app/fault"
)

// The bounds of a password, in bytes. The upper one keeps a request from
// costing more than its hash does.
const (
	MinPassword = 8
	MaxPassword = 256
)

// Parameters of argon2id as OWASP's Password Storage Cheat Sheet recommends.
const (
	memoryKiB  = 19 * 1024
	passes     = 2
	lanes      = 1
	saltBytes  = 16
	keyBytes   = 32
	hashFormat = "$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s"
)

// hashing lets two hashes be computed at a time: each takes 19 MiB, and a small
// machine must live through a storm of sign-ins.
var hashing = make(chan struct{}, 2)

// maxWaiting is how many may wait for their turn: about a second's work for a
// fast machine, some for a small one. More would only wait in vain.
const maxWaiting = 32

var waiting atomic.Int32

// crowded is what those hear for whom there is no room left.
var crowded = &fault.Error{Kind: fault.Busy, Retry: 5 * time.Second,
	Message: "Too many people are signing in at this moment. Try again in a few seconds."}

// CheckPassword tells what is wrong with a new password.
func CheckPassword(s string) error {
	switch {
	case len(s) < MinPassword:
		return fault.Field("password", "A password has at least %d characters.", MinPassword)
	case len(s) > MaxPassword:
		return fault.Field("password", "A password has at most %d characters.", MaxPassword)
	}
	return nil
}

// HashPassword makes the text that is kept of a password, in the PHC string
// format. It waits for its turn, and fails when ctx ends first.
func HashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails: crypto/rand ends the program instead
	key, err := derive(ctx, password, salt, memoryKiB, passes, lanes)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf(hashFormat, argon2.Version, memoryKiB, passes, lanes, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// absent is compared with when there is no user, so that an unknown address
// takes as long as a wrong password.
var absent = fmt.Sprintf(hashFormat, argon2.Version, memoryKiB, passes, lanes,
	base64.RawStdEncoding.EncodeToString(make([]byte, saltBytes)), base64.RawStdEncoding.EncodeToString(make([]byte, keyBytes)))

// VerifyPassword reports whether a password is the one of a hash. The empty
// hash is that of nobody: it takes as long and is always wrong.
func VerifyPassword(ctx context.Context, hash, password string) (bool, error) {
	known := hash != ""
	if !known {
		hash = absent
	}
	if len(password) > MaxPassword {
		password = password[:MaxPassword]
		known = false
	}
	if IsForeign(hash) {
		ok, err := verifyForeign(ctx, hash, password)
		return ok && known, err
	}
	var v int
	var m, t uint32
	var p uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 6 {
		return false, fmt.Errorf("account: a password hash of an unknown form")
	}
	if _, err := fmt.Sscanf(parts[2]+parts[3], "v=%dm=%d,t=%d,p=%d", &v, &m, &t, &p); err != nil {
		return false, fmt.Errorf("account: reading a password hash: %w", err)
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil {
		return false, fmt.Errorf("account: a password hash that is not base64")
	}
	key, err := derive(ctx, password, salt, m, t, p)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, want) == 1 && known, nil
}

func derive(ctx context.Context, password string, salt []byte, m, t uint32, p uint8) ([]byte, error) {
	return inTurn(ctx, func() ([]byte, error) { return argon2.IDKey([]byte(password), salt, t, m, p, keyBytes), nil })
}

// inTurn computes a hash when there is room for it.
func inTurn(ctx context.Context, compute func() ([]byte, error)) ([]byte, error) {
	defer waiting.Add(-1)
	if waiting.Add(1) > maxWaiting {
		return nil, crowded
	}
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return compute()
}
