package account_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
)

func TestPasswords(t *testing.T) {
	ctx := context.Background()
	hash, err := account.HashPassword(ctx, "correct horse")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatal(hash, err)
	}
	if other, _ := account.HashPassword(ctx, "correct horse"); other == hash {
		t.Error("two hashes of one password are the same: there is no salt")
	}
	for password, want := range map[string]bool{"correct horse": true, "Correct horse": false, "": false, strings.Repeat("x", 5000): false} {
		if ok, err := account.VerifyPassword(ctx, hash, password); ok != want || err != nil {
			t.Errorf("%.20q: %v, %v", password, ok, err)
		}
	}
	if ok, err := account.VerifyPassword(ctx, "", ""); ok || err != nil {
		t.Errorf("nobody signed in: %v, %v", ok, err)
	}
	for _, odd := range []string{"plain", "$argon2id$v=19$m=1,t=1$x$y", "$argon2id$v=19$m=19456,t=2,p=1$!$!"} {
		if ok, err := account.VerifyPassword(ctx, odd, "x"); ok || err == nil {
			t.Errorf("the hash %q: %v, %v", odd, ok, err)
		}
	}
}

func TestCheckPassword(t *testing.T) {
	for password, ok := range map[string]bool{"1234567": false, "12345678": true, strings.Repeat("x", 256): true, strings.Repeat("x", 257): false} {
		if err := account.CheckPassword(password); (err == nil) != ok {
			t.Errorf("%d characters: %v", len(password), err)
		}
	}
}

func TestParseEmail(t *testing.T) {
	if email, err := account.ParseEmail(" A@Example.com "); err != nil || email != "a@example.com" {
		t.Error(email, err)
	}
	for _, s := range []string{"", "admin", "a@", "A B <a@example.com>", "a@example.com\r\nBcc: b", strings.Repeat("a", 250) + "@example.com", "\"a\x00\"@example.com"} {
		if email, err := account.ParseEmail(s); err == nil {
			t.Errorf("%q reads as %q", s, email)
		}
	}
}

func TestSecretsDiffer(t *testing.T) {
	a, b := account.NewSecret(), account.NewSecret()
	if a == b || len(a) < 43 || account.HashSecret(a) == account.HashSecret(b) || len(account.HashSecret(a)) != 64 {
		t.Error(a, b)
	}
}

func TestPause(t *testing.T) {
	l := account.Limit{Pause: 2 * time.Second, Longest: 15 * time.Minute}
	if n := l.Doublings(); l.Pause<<(n-1) >= l.Longest || l.Pause<<n < l.Longest {
		t.Errorf("%d doublings", n)
	}
	for wait, want := range map[time.Duration]string{time.Millisecond: "a second", 1500 * time.Millisecond: "2 seconds", 91 * time.Second: "2 minutes"} {
		f := fault.Of(account.TooOften(wait))
		if f.Kind != fault.TooMany || f.Retry != wait || !strings.Contains(f.Message, "Wait "+want+",") {
			t.Errorf("%v: %+v", wait, f)
		}
	}
	if a, b := account.NewTry(l, "a", "b c").Key, account.NewTry(l, "a b", "c").Key; a == b {
		t.Error("parts run together")
	}
}

// TestHashingCrowd asks for more than can wait: who has no room is told at once.
func TestHashingCrowd(t *testing.T) {
	release := account.Occupied()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	var wg sync.WaitGroup
	told := make(chan bool, 80)
	for range cap(told) {
		wg.Go(func() {
			_, err := account.HashPassword(ctx, "correct horse")
			told <- fault.Is(err, fault.Busy)
		})
	}
	for range cap(told) - account.MaxHashing { // while those who have room go on waiting
		if busy := <-told; !busy {
			t.Error("who has no room is told otherwise")
		}
	}
	cancel()
	wg.Wait()
	for range account.MaxHashing {
		if busy := <-told; busy {
			t.Error("who has room is turned away")
		}
	}
	release()
	if _, err := account.HashPassword(context.Background(), "correct horse"); err != nil {
		t.Errorf("after the crowd: %v", err)
	}
}

func TestCodes(t *testing.T) {
	// RFC 6238, appendix B, cut to six digits.
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	at := time.Unix(1111111109, 0)
	for code, want := range map[string]bool{"081804": true, " 081 804 ": true, "081805": false, "": false, "0818040": false} {
		if step, ok := account.CodeStep(secret, code, at); ok != want || ok && step != 1111111109/30 {
			t.Errorf("%q: %d, %v", code, step, ok)
		}
	}
	for off, want := range map[time.Duration]bool{30 * time.Second: true, -30 * time.Second: true, 61 * time.Second: false, -61 * time.Second: false} {
		if _, ok := account.CodeStep(secret, "081804", at.Add(off)); ok != want {
			t.Errorf("%v off: %v", off, ok)
		}
	}
	codes := account.NewRecoveryCodes()
	if len(codes) != account.RecoveryCodes || codes[0] == codes[1] || len(codes[0]) != 19 || !account.IsRecoveryCode(codes[0]) || account.IsRecoveryCode("123 456") {
		t.Errorf("%q", codes)
	}
	if account.HashRecoveryCode(codes[0]) != account.HashRecoveryCode(" "+strings.ToUpper(strings.ReplaceAll(codes[0], "-", " "))) {
		t.Error("a recovery code must be written in one way")
	}
	if image, err := account.FactorQR(account.NewFactor(), "a@example.com"); err != nil || !strings.HasPrefix(string(image), "\x89PNG") {
		t.Error(err)
	}
}
