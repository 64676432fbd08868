package handlers_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// cookieOf is the session that an answer opens; "" for none.
func cookieOf(a *answer) string {
	for _, line := range a.header.Values("Set-Cookie") {
		if pair, _, _ := strings.Cut(line, ";"); strings.HasPrefix(pair, "session=") && pair != "session=" {
			return pair
		}
	}
	return ""
}

func post(t *testing.T, app *fiber.App, path string, fields url.Values) *answer {
	t.Helper()
	return ask(t, app, request{method: "POST", path: path, form: fields})
}

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		app := newApp(t, d)
		signedIn(t, d, account.Admin)
		a := post(t, app, "/session", url.Values{"email": {" Admin@Example.com"}, "password": {password}, "to": {"/devices?q=x"}}).wants(t, 303)
		cookie := cookieOf(a)
		if cookie == "" || a.header.Get("Location") != "/devices?q=x" {
			t.Fatalf("%v", a.header)
		}
		if line := a.header.Get("Set-Cookie"); !strings.Contains(line, "HttpOnly") || !strings.Contains(line, "SameSite=Lax") {
			t.Errorf("cookie %q", line)
		}
		ask(t, app, request{path: "/devices", as: cookie}).wants(t, 200)
		ask(t, app, request{method: "POST", path: "/session?_method=DELETE", as: cookie}).wants(t, 303)
		ask(t, app, request{path: "/devices", as: cookie}).wants(t, 303)
	})
}

func TestSignInTellsNobodyWhoIsKnown(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		app := newApp(t, d)
		signedIn(t, d, account.Admin)
		var said []string
		for _, email := range []string{"admin@example.com", "nobody@example.com", "no address"} {
			a := post(t, app, "/session", url.Values{"email": {email}, "password": {"wrong"}}).wants(t, 422)
			said = append(said, a.text(t, "#form-error"))
			if got, _ := a.doc.Find("#email").Attr("value"); got != email || !a.has("#password[aria-invalid=true]:not([value])") || cookieOf(a) != "" {
				t.Errorf("%s: the form is not shown again as it was", email)
			}
		}
		if said[0] != said[1] || said[0] != said[2] {
			t.Errorf("%q", said)
		}
	})
}

func TestSignInLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		app := newApp(t, d)
		signedIn(t, d, account.Admin)
		for _, to := range []string{"", "//evil.example", "https://evil.example/", `/\evil.example`, "/\t/evil.example", "javascript:alert(1)", "evil", "/%zz"} {
			a := post(t, app, "/session", url.Values{"email": {"admin@example.com"}, "password": {password}, "to": {to}})
			if got := a.wants(t, 303).header.Get("Location"); got != "/" {
				t.Errorf("%q led to %q", to, got)
			}
		}
	})
}

func TestSignUp(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		app := newApp(t, d)
		fields := url.Values{"email": {"ada@example.com"}, "name": {"Ada"}, "password": {"analytical"}}
		if a := post(t, app, "/users", fields).wants(t, 403); !strings.Contains(a.body, "set-up link") {
			t.Errorf("without an admin: %s", a.body)
		}
		signedIn(t, d, account.Admin)
		a := post(t, app, "/users", url.Values{"email": {"ada@"}, "name": {"Ada"}, "password": {"analytical"}}).wants(t, 422)
		if a.text(t, "#email-error") == "" || a.doc.Find("#name").AttrOr("value", "") != "Ada" || strings.Contains(a.body, "analytical") {
			t.Errorf("a wrong address: %s", a.body)
		}
		cookie := cookieOf(post(t, app, "/users", fields).wants(t, 303))
		if got := ask(t, app, request{path: "/", as: cookie}).wants(t, 200).text(t, "h1"); got != "Your account waits for an admin" {
			t.Errorf("after sign-up: %s", got)
		}
		ask(t, app, request{path: "/devices", as: cookie}).wants(t, 403)
		if a := post(t, app, "/users", fields).wants(t, 409); !strings.Contains(a.text(t, "#email-error"), "already") {
			t.Errorf("twice: %s", a.body)
		}
		closed := newApp(t, d, func(c *handlers.Config) { c.SignupOpen = false })
		post(t, closed, "/users", fields).wants(t, 403)
		if a := ask(t, closed, request{path: "/users/new"}).wants(t, 403); !strings.Contains(a.body, "closed") {
			t.Errorf("closed: %s", a.body)
		}
	})
}

func TestSetupLink(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		app, secret := newApp(t, d), account.NewSecret()
		if err := d.Links.Create(context.Background(), account.HashSecret(secret), account.SetupLink, "", time.Hour); err != nil {
			t.Fatal(err)
		}
		for range 2 { // looking does not use it up
			ask(t, app, request{path: "/setup?token=" + secret}).wants(t, 200)
		}
		fields := url.Values{"token": {secret}, "email": {"ada@example.com"}, "password": {"short"}}
		post(t, app, "/setup", fields).wants(t, 422).text(t, "#password-error")
		fields.Set("password", "analytical")
		cookie := cookieOf(post(t, app, "/setup", fields).wants(t, 303))
		ask(t, app, request{path: "/platforms/new", as: cookie}).wants(t, 200)
		post(t, app, "/setup", fields).wants(t, 404)
		ask(t, app, request{path: "/setup?token=" + secret}).wants(t, 404)
		ask(t, app, request{path: "/setup"}).wants(t, 404)
	})
}

func TestPasswordLink(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		app, secret := newApp(t, d), account.NewSecret()
		before := signedIn(t, d, account.Viewer)
		u, err := d.Users.FindByEmail(context.Background(), "viewer@example.com")
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Links.Create(context.Background(), account.HashSecret(secret), account.PasswordLink, u.ID, time.Hour); err != nil {
			t.Fatal(err)
		}
		ask(t, app, request{path: "/setup?token=" + secret}).wants(t, 404)
		ask(t, app, request{path: "/password?token=" + secret}).wants(t, 200)
		post(t, app, "/password", url.Values{"token": {secret}, "password": {"short"}}).wants(t, 422).text(t, "#password-error")
		cookie := cookieOf(post(t, app, "/password", url.Values{"token": {secret}, "password": {"a new password"}}).wants(t, 303))
		if got := ask(t, app, request{path: "/devices", as: cookie}).wants(t, 200).text(t, "#flash"); got != "Your new password is set." {
			t.Errorf("said %q", got)
		}
		ask(t, app, request{path: "/devices", as: before}).wants(t, 303)
		post(t, app, "/password", url.Values{"token": {secret}, "password": {"a third password"}}).wants(t, 404)
		post(t, app, "/session", url.Values{"email": {u.Email}, "password": {password}}).wants(t, 422)
		post(t, app, "/session", url.Values{"email": {u.Email}, "password": {"a new password"}}).wants(t, 303)
	})
}

func TestCookieStaysUnderTLS(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	app := newApp(t, d, behind)
	signedIn(t, d, account.Admin)
	for proto, want := range map[string]bool{"https": true, "http": false} {
		a := ask(t, app, request{method: "POST", path: "/session", form: url.Values{"email": {"admin@example.com"}, "password": {password}},
			header: map[string]string{"X-Forwarded-Proto": proto}}).wants(t, 303)
		if line := a.header.Get("Set-Cookie"); strings.Contains(line, "secure") != want {
			t.Errorf("%s: %q", proto, line)
		}
	}
}
