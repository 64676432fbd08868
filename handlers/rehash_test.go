package handlers_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestImportedPassword: a password that the original server hashed is good for
// signing in, and then kept in our way.
func TestImportedPassword(t *testing.T) {
	t.Parallel()
	const theirs = "sha256$Zq4GvRkT$13a8d32904441d5eff13b0373b3aa01ebf20286d0a66d800ffe49dff2f49b1ed" // of "correct horse"
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		if err := d.Users.Create(ctx, &account.User{ID: account.NewID(), Email: "old@example.org", PasswordHash: theirs, Role: account.Admin}); err != nil {
			t.Fatal(err)
		}
		app := newApp(t, d)
		kept := func() string {
			u, err := d.Users.FindByEmail(ctx, "old@example.org")
			if err != nil {
				t.Fatal(err)
			}
			return u.PasswordHash
		}
		signIn := func(password string, want int) string {
			a := post(t, app, "/session", url.Values{"email": {"old@example.org"}, "password": {password}})
			return cookieOf(a.wants(t, want))
		}
		signIn("wrong horse", 422)
		signIn(theirs, 422)
		if kept() != theirs {
			t.Error("a wrong password changed what is kept")
		}
		cookie := signIn("correct horse", 303)
		ours := kept()
		if !strings.HasPrefix(ours, "$argon2id$") {
			t.Errorf("kept as %s", ours)
		}
		ask(t, app, request{path: "/devices", as: cookie}).wants(t, 200)
		signIn("correct horse", 303)
		signIn("wrong horse", 422)
		if kept() != ours {
			t.Error("our own hash was replaced")
		}
	})
}
