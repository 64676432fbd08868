package fleet_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"esp-update-server/app/fleet"
)

// TestPasswordsShowThemselvesNowhere tries the ways in which values reach logs.
func TestPasswordsShowThemselvesNowhere(t *testing.T) {
	secret := fleet.NewPassword()
	c := &fleet.CheckIn{MAC: "18fe34aabbcc", Password: secret}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("text", "password", secret, "check-in", c, "value", *c)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("json", "password", secret, "check-in", c)
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	said := log.String() + string(data)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		said += fmt.Sprintf(verb, secret) + fmt.Sprintf(verb, *c) + fmt.Sprintf(verb, c)
	}
	if strings.Contains(said, string(secret)) || strings.Contains(said, fmt.Sprintf("%x", string(secret))) {
		t.Error(said)
	}
	if !strings.Contains(said, "18fe34aabbcc") || !strings.Contains(said, "(secret)") {
		t.Errorf("nothing at all was said: %s", said)
	}
}

func TestPasswordsAreRandomAndEasyToPaste(t *testing.T) {
	seen := map[fleet.Secret]bool{}
	for range 1000 {
		p := fleet.NewPassword()
		if seen[p] || len(p) < 24 || strings.Trim(string(p), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
			t.Fatalf("%d characters, seen before: %v", len(p), seen[p])
		}
		seen[p] = true
	}
}

func TestPasswordsCheck(t *testing.T) {
	now, before := fleet.Secret("NOW"), fleet.Secret("BEFORE")
	one := fleet.Passwords{Hash: now.Hash()}
	two := fleet.Passwords{Hash: now.Hash(), OldHash: before.Hash()}
	grace := fleet.Passwords{Hash: now.Hash(), Grace: true}
	for _, row := range []struct {
		name    string
		have    fleet.Passwords
		sent    fleet.Secret
		use     fleet.PasswordUse
		accepts bool
	}{
		{"none asked, none sent", fleet.Passwords{}, "", fleet.NoPasswordUsed, true},
		{"none asked, one sent", fleet.Passwords{}, now, fleet.NoPasswordUsed, true},
		{"one", one, now, fleet.NewPasswordUsed, true},
		{"one, none sent", one, "", fleet.NoPasswordUsed, false},
		{"one, the retired one", one, before, fleet.WrongPassword, false},
		{"one, the hash itself", one, fleet.Secret(now.Hash()), fleet.WrongPassword, false},
		{"one, with more behind", one, now + "\x00", fleet.WrongPassword, false},
		{"two, the new one", two, now, fleet.NewPasswordUsed, true},
		{"two, the old one", two, before, fleet.OldPasswordUsed, true},
		{"two, none sent", two, "", fleet.NoPasswordUsed, false},
		{"two, a third", two, "THIRD", fleet.WrongPassword, false},
		{"grace, none sent", grace, "", fleet.NoPasswordUsed, true},
		{"grace, the new one", grace, now, fleet.NewPasswordUsed, true},
		{"grace, a wrong one", grace, "THIRD", fleet.WrongPassword, true},
	} {
		use, key := row.have.Check(row.sent)
		if use != row.use || row.have.Accepts(use) != row.accepts {
			t.Errorf("%s: %s, accepted: %v; want %s, %v", row.name, use, row.have.Accepts(use), row.use, row.accepts)
		}
		if again := row.have.Use(key); again != row.use {
			t.Errorf("%s: told from its key it is %s, want %s", row.name, again, row.use)
		}
		if len(row.sent) > 2 && strings.Contains(key, string(row.sent)) {
			t.Errorf("%s: the key %q holds what was sent", row.name, key)
		}
	}
}

// TestUseIsToldAfterARotation holds that what was kept with a device is read as
// the passwords are now, with no device to change.
func TestUseIsToldAfterARotation(t *testing.T) {
	first, second := fleet.Secret("FIRST"), fleet.Secret("SECOND")
	before := fleet.Passwords{Hash: first.Hash()}
	_, key := before.Check(first)
	rotated := fleet.Passwords{Hash: second.Hash(), OldHash: first.Hash()}
	if use := rotated.Use(key); use != fleet.OldPasswordUsed {
		t.Errorf("after the rotation it is %s", use)
	}
	retired := fleet.Passwords{Hash: second.Hash()}
	if use := retired.Use(key); use != fleet.WrongPassword {
		t.Errorf("after the old one was retired it is %s", use)
	}
}

func BenchmarkPasswordCheck(b *testing.B) {
	p := fleet.Passwords{Hash: fleet.NewPassword().Hash(), OldHash: fleet.NewPassword().Hash()}
	sent := fleet.NewPassword()
	for b.Loop() {
		p.Check(sent)
	}
}
