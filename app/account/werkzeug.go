package account

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1" // #nosec G505 -- to read what others wrote; nothing is written with it
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// Who comes from the original server has a password that Werkzeug hashed, as
// method$salt$digest with the digest in hexadecimal. It is good for one sign-in
// here, which puts a hash of ours in its place.

// The bounds of what such a hash may ask for: it comes from a foreign file, and
// whoever tries to sign in makes the server compute it.
const (
	maxForeign    = 512       // bytes
	maxIterations = 2_000_000 // of PBKDF2; Werkzeug 3.1 takes 1,000,000
	maxScrypt     = 1 << 19   // N times r times p, 64 MiB; Werkzeug takes 2^15 times 8
	scryptBytes   = 64
)

// errForeign says nothing of the hash itself, which is half a secret.
var errForeign = errors.New("account: a password hash of an unknown form")

// foreign is a hash that Werkzeug made.
type foreign struct {
	salt   string
	digest []byte
	derive func(password string, salt []byte) ([]byte, error)
}

// IsForeign reports whether a hash was made by another program, so that one of
// ours should replace it. Ours start with a dollar.
func IsForeign(hash string) bool { return hash != "" && hash[0] != '$' }

// CheckForeign tells whether a hash of another program can be verified here.
func CheckForeign(hash string) error {
	_, err := parseForeign(hash)
	return err
}

func parseForeign(text string) (*foreign, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 3 || len(text) > maxForeign {
		return nil, errForeign
	}
	digest, err := hex.DecodeString(parts[2])
	if err != nil {
		return nil, errForeign
	}
	f := &foreign{salt: parts[1], digest: digest}
	method := strings.Split(parts[0], ":")
	size := 0
	switch method[0] {
	case "pbkdf2":
		size, err = f.usePBKDF2(method[1:])
	case "scrypt":
		size, err = scryptBytes, f.useScrypt(method[1:])
	default:
		size, err = f.useHMAC(method)
	}
	if err == nil && len(digest) != size {
		err = errForeign
	}
	return f, err
}

var foreignDigests = map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}

// useHMAC is for what Werkzeug wrote up to version 2: a single HMAC, with the
// salt as its key.
func (f *foreign) useHMAC(method []string) (size int, err error) {
	digest := foreignDigests[method[0]]
	if digest == nil || len(method) != 1 || f.salt == "" {
		return 0, errForeign
	}
	f.derive = func(password string, salt []byte) ([]byte, error) {
		mac := hmac.New(digest, salt)
		mac.Write([]byte(password))
		return mac.Sum(nil), nil
	}
	return digest().Size(), nil
}

func (f *foreign) usePBKDF2(args []string) (size int, err error) {
	if len(args) != 2 || foreignDigests[args[0]] == nil {
		return 0, errForeign
	}
	digest := foreignDigests[args[0]]
	n, err := strconv.Atoi(args[1])
	if err != nil || n < 1 {
		return 0, errForeign
	}
	if n > maxIterations {
		return 0, fmt.Errorf("account: a password hash that asks for %d rounds", n)
	}
	f.derive = func(password string, salt []byte) ([]byte, error) {
		return pbkdf2.Key(digest, password, salt, n, digest().Size())
	}
	return digest().Size(), nil
}

func (f *foreign) useScrypt(args []string) error {
	var cost [3]int // N, r, p
	if len(args) != len(cost) {
		return errForeign
	}
	work := 1
	for i, text := range args {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return errForeign
		}
		if n > maxScrypt/work {
			return errors.New("account: a password hash that asks for too much work")
		}
		cost[i], work = n, work*n
	}
	if n := cost[0]; n < 2 || n&(n-1) != 0 { // scrypt wants a power of two
		return errForeign
	}
	f.derive = func(password string, salt []byte) ([]byte, error) {
		return scrypt.Key([]byte(password), salt, cost[0], cost[1], cost[2], scryptBytes)
	}
	return nil
}

// verifyForeign is VerifyPassword for a hash of another program. It hashes in our
// way too, so that it is not told by the time who has not signed in here yet.
func verifyForeign(ctx context.Context, text, password string) (bool, error) {
	f, err := parseForeign(text)
	if err != nil {
		return false, err
	}
	if _, err := derive(ctx, password, make([]byte, saltBytes), memoryKiB, passes, lanes); err != nil {
		return false, err
	}
	key, err := inTurn(ctx, func() ([]byte, error) { return f.derive(password, []byte(f.salt)) })
	return err == nil && subtle.ConstantTimeCompare(key, f.digest) == 1, err
}
