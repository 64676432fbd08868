package account

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"image/png"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"esp-update-server/app/fault"
)

// What authenticator apps take for granted: six digits, SHA-1, a new code every
// 30 seconds. One code to either side is taken too, for clocks that are off.
const (
	issuer     = "ESP Update Server"
	stepLength = 30 // seconds
	stepsOff   = 1
)

// RecoveryCodes is how many codes replace a lost second factor, once each.
const RecoveryCodes = 10

// A challenge is a sign-in that waits for a code: how long, and how many codes
// may be tried.
const (
	ChallengeLifetime = 5 * time.Minute
	ChallengeAttempts = 5
)

// Challenge is a sign-in with a right password that waits for a code.
type Challenge struct {
	User     User
	Remember bool
}

var secretText = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewFactor makes the secret of a second factor.
func NewFactor() string {
	b := make([]byte, 20)
	_, _ = rand.Read(b)
	return secretText.EncodeToString(b)
}

// FactorKey is the secret of a second factor in groups, to be typed.
func FactorKey(secret string) string { return group(secret, " ") }

// FactorQR is a PNG image of the code that an authenticator app scans.
func FactorQR(secret, email string) ([]byte, error) {
	raw, err := secretText.DecodeString(secret)
	if err != nil {
		return nil, fmt.Errorf("account: reading a second factor: %w", err)
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: email, Secret: raw})
	if err != nil {
		return nil, fmt.Errorf("account: naming a second factor: %w", err)
	}
	image, err := key.Image(232, 232)
	if err != nil {
		return nil, fmt.Errorf("account: drawing a second factor: %w", err)
	}
	var b bytes.Buffer
	err = png.Encode(&b, image)
	return b.Bytes(), err
}

// CodeStep is the time step of a secret's code, if it is one of about now.
func CodeStep(secret, code string, now time.Time) (step int64, ok bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	current := now.Unix() / stepLength
	for at := current - stepsOff; at <= current+stepsOff; at++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(max(at, 0)), hotp.ValidateOpts{Digits: otp.DigitsSix})
		if err == nil && subtle.ConstantTimeCompare([]byte(code), []byte(want)) == 1 {
			return at, true
		}
	}
	return 0, false
}

// NewRecoveryCodes makes codes to write down, each of 80 random bits.
func NewRecoveryCodes() []string {
	codes := make([]string, RecoveryCodes)
	for i := range codes {
		b := make([]byte, 10)
		_, _ = rand.Read(b)
		codes[i] = group(strings.ToLower(secretText.EncodeToString(b)), "-")
	}
	return codes
}

// HashRecoveryCode is what is kept of a recovery code, in whatever way it is
// written.
func HashRecoveryCode(code string) string {
	return HashSecret(strings.NewReplacer("-", "", " ", "").Replace(strings.ToLower(code)))
}

// IsRecoveryCode reports whether what a person typed is meant as a recovery
// code, and not as one of the app's.
func IsRecoveryCode(code string) bool { return len(strings.TrimSpace(code)) > 8 }

// ErrCode is the failure of a code that is wrong, old or used.
var ErrCode = fault.Field("code", "This code is wrong, too old, or was used already. Wait for the next one.")

func group(s, separator string) string {
	var parts []string
	for ; len(s) > 4; s = s[4:] {
		parts = append(parts, s[:4])
	}
	return strings.Join(append(parts, s), separator)
}
