package account_test

import (
	"context"
	"strings"
	"testing"

	"esp-update-server/app/account"
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
