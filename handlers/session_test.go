package handlers_test

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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

// behind lets a test choose the address that a request comes from.
func behind(c *handlers.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/32")}
}

func TestGuessingIsThrottled(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		app := newApp(t, d, behind)
		signedIn(t, d, account.Admin)
		try := func(ip, email, password string) *answer {
			return ask(t, app, request{method: "POST", path: "/session", form: url.Values{"email": {email}, "password": {password}},
				header: map[string]string{"X-Forwarded-For": ip}})
		}
		for _, email := range []string{"admin@example.com", "nobody@example.com"} {
			for range account.AccountFrom.Free + 1 {
				try("2001:db8::1", email, "wrong").wants(t, 422)
			}
			a := try("2001:db8::2", email, password).wants(t, 429) // the same household
			if a.has("[aria-invalid]") {
				t.Error("marked as wrong what was not looked at")
			}
			if got := a.text(t, "#form-error"); !strings.Contains(got, "Wait 2 seconds") || a.header.Get("Retry-After") != "2" {
				t.Errorf("%s: %q, %q", email, got, a.header.Get("Retry-After"))
			}
		}
		try("2001:db8:0:1::1", "admin@example.com", password).wants(t, 303) // from elsewhere
		try("2001:db8::1", "admin@example.com", password).wants(t, 429)
		if !try("2001:db8:0:2::1", "admin@example.com", "wrong").has("#password[aria-invalid]") {
			t.Error("a wrong password is not marked")
		}
	})
}

// TestGuessesAtManyAccountsLeaveLittle holds that who must rest does not fill the
// database with accounts that they make up.
func TestGuessesAtManyAccountsLeaveLittle(t *testing.T) {
	t.Parallel()
	c := dbtest.SQLite(t)
	d := dbtest.Open(t, c)
	app := newApp(t, d)
	signedIn(t, d, account.Admin)
	refused := 0
	for n := range 200 {
		if post(t, app, "/session", url.Values{"email": {fmt.Sprint(n, "@example.com")}, "password": {"wrong"}}).status == 429 {
			refused++
		}
	}
	if rows := dbtest.Count(t, c, "throttles"); refused < 100 || rows > 3*int64(200-refused) {
		t.Errorf("%d were refused, and %d lines are kept", refused, rows)
	}
}

// TestStrangersLockNobodyOut guesses from very many addresses at once: the pause
// is short, and who signed in before from where they are does not feel it.
func TestStrangersLockNobodyOut(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		app := newApp(t, d, behind)
		signedIn(t, d, account.Admin)
		try := func(ip, password string) *answer {
			return ask(t, app, request{method: "POST", path: "/session", form: url.Values{"email": {"admin@example.com"}, "password": {password}},
				header: map[string]string{"X-Forwarded-For": ip}})
		}
		try("192.0.2.1", password).wants(t, 303)
		anywhere := account.NewTry(account.Account, "account", "admin@example.com")
		for now := time.Now().Add(-time.Hour); now.Before(time.Now()); now = now.Add(20 * time.Second) { // an hour of guesses
			if _, err := d.Throttles.Take(context.Background(), anywhere, now); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.Throttles.Take(context.Background(), anywhere, time.Now()); err != nil {
			t.Fatal(err)
		}
		wait, err := strconv.Atoi(try("198.51.100.7", password).wants(t, 429).header.Get("Retry-After"))
		if err != nil || wait > 30 {
			t.Errorf("an admin elsewhere waits %d seconds, %v", wait, err)
		}
		try("192.0.2.1", password).wants(t, 303)
	})
}

func TestSignUpIsThrottled(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		app := newApp(t, d)
		signedIn(t, d, account.Admin)
		for range account.SignUp.Free + 1 {
			post(t, app, "/users", url.Values{"email": {"x"}, "password": {"short"}}).wants(t, 422)
		}
		if a := post(t, app, "/users", url.Values{"email": {"a@b.example"}, "password": {password}}).wants(t, 429); a.header.Get("Retry-After") != "60" {
			t.Errorf("%v", a.header)
		}
	})
}

// TestStormOfSignIns lets more sign in at once than can wait: the rest hear so
// at once, and it counts as no try. It listens, since Fiber's Test is for one
// request at a time.
func TestStormOfSignIns(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	address := serve(t, d, func(c *handlers.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} })
	signedIn(t, d, account.Admin)
	signInFrom := func(ip, email, with string) string {
		form := url.Values{"email": {email}, "password": {with}}.Encode()
		return string(say(t, address, head("POST /session HTTP/1.1", "Host: x", "Connection: close", "X-Forwarded-For: "+ip,
			"Content-Type: application/x-www-form-urlencoded", fmt.Sprintf("Content-Length: %d", len(form)))+form))
	}
	var wg sync.WaitGroup
	var busy atomic.Int64
	for round := 0; round < 10 && busy.Load() == 0; round++ { // a busy machine counts tries more slowly than it computes hashes
		for i := range 80 {
			wg.Go(func() {
				switch a := signInFrom(fmt.Sprintf("192.0.%d.%d", round, i), fmt.Sprintf("%d-%d@example.com", round, i), "wrong"); statusIn([]byte(a)) {
				case "503":
					if strings.Contains(a, "Retry-After: 5") && strings.Contains(a, "Try again in a few seconds") {
						busy.Add(1)
					}
				case "422":
				default:
					t.Errorf("answered %.200q", a)
				}
			})
		}
		wg.Wait()
	}
	if busy.Load() == 0 {
		t.Error("nobody was turned away")
	}
	if a := signInFrom("192.0.2.200", "admin@example.com", password); statusIn([]byte(a)) != "303" {
		t.Errorf("after the storm: %.200q", a)
	}
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
