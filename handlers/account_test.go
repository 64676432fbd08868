package handlers_test

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

func TestAccount(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Viewer)
		b.submit("/account?_method=PUT", url.Values{"name": {strings.Repeat("x", 101)}}, 422).text(t, "#name-error")
		b.submit("/account?_method=PUT", url.Values{"name": {"Grace <b>"}}, 303)
		if got := b.get("/account", 200).text(t, ".bar-user"); got != "Grace <b>" {
			t.Errorf("called %q", got)
		}
		b.submit("/account/email?_method=PUT", url.Values{"email": {"grace@example.com"}, "email-proof": {"wrong"}}, 422).text(t, "#email-proof-error")
		signedIn(t, d, account.Admin)
		b.submit("/account/email?_method=PUT", url.Values{"email": {"admin@example.com"}, "email-proof": {password}}, 409).text(t, "#email-error")
		b.submit("/account/email?_method=PUT", url.Values{"email": {"Grace@example.com"}, "email-proof": {password}}, 303)
		post(t, b.app, "/session", url.Values{"email": {"grace@example.com"}, "password": {password}}).wants(t, 303)
		b.submit("/account?_method=DELETE", url.Values{"current": {"wrong"}}, 422).text(t, "#current-error")
		b.submit("/account?_method=DELETE", url.Values{"current": {password}}, 303)
		b.get("/account", 303)
	})
}

func TestPasswordChangeEndsOtherSessions(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Viewer)
		other := sessionOf(t, d, "viewer@example.com")
		b.submit("/account/password?_method=PUT", url.Values{"current": {"wrong"}, "password": {"a new password"}}, 422).text(t, "#current-error")
		b.submit("/account/password?_method=PUT", url.Values{"current": {password}, "password": {"short"}}, 422).text(t, "#password-error")
		a := b.submit("/account/password?_method=PUT", url.Values{"current": {password}, "password": {"a new password"}}, 303)
		b.get("/account", 303) // the id of before
		ask(t, b.app, request{path: "/account", as: other}).wants(t, 303)
		b.as = cookieOf(a)
		b.get("/account", 200)
		post(t, b.app, "/session", url.Values{"email": {"viewer@example.com"}, "password": {password}}).wants(t, 422)
	})
}

func TestSessionsOfOnesOwn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Viewer)
		agent := map[string]string{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
		sign := func(fields url.Values) *answer {
			fields.Set("email", "viewer@example.com")
			fields.Set("password", password)
			return ask(t, b.app, request{method: "POST", path: "/session", form: fields, header: agent}).wants(t, 303)
		}
		short, long := sign(url.Values{}), sign(url.Values{"remember": {"on"}})
		if strings.Contains(short.header.Get("Set-Cookie"), "expires") || !strings.Contains(long.header.Get("Set-Cookie"), "expires") {
			t.Errorf("%q, %q", short.header.Get("Set-Cookie"), long.header.Get("Set-Cookie"))
		}
		a := b.get("/account", 200)
		if got := a.text(t, ".sessions"); a.doc.Find(".sessions tbody tr").Length() != 3 || strings.Count(got, "Firefox on Linux") < 2 {
			t.Errorf("sessions: %s", got)
		}
		id := strings.TrimPrefix(cookieOf(short), "session=")
		end := "/account/sessions/" + account.HashSecret(id)[:16] + "?_method=DELETE"
		signedIn(t, d, account.Admin)
		stranger := &browser{t, b.app, sessionOf(t, d, "admin@example.com")}
		stranger.submit(end, nil, 404)
		b.submit(end, nil, 303)
		ask(t, b.app, request{path: "/account", as: cookieOf(short)}).wants(t, 303)
		ask(t, b.app, request{path: "/account", as: cookieOf(long)}).wants(t, 200)
		b.submit("/account/sessions?_method=DELETE", nil, 303)
		ask(t, b.app, request{path: "/account", as: cookieOf(long)}).wants(t, 303)
		b.get("/account", 303)
		stranger.get("/account", 200)
	})
}

func TestTokensOfOnesOwn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Viewer)
		b.submit("/account/tokens", url.Values{"token": {""}, "scope": {"read"}, "days": {"30"}}, 422).text(t, "#token-error")
		b.submit("/account/tokens", url.Values{"token": {"ci"}, "scope": {"write"}, "days": {"30"}}, 422).text(t, "#scope-error")
		b.submit("/account/tokens", url.Values{"token": {"<i>ci</i>"}, "scope": {"read"}, "days": {"30"}, "token-proof": {"wrong"}}, 422).text(t, "#token-proof-error")
		secret := b.submit("/account/tokens", url.Values{"token": {"<i>ci</i>"}, "scope": {"read"}, "days": {"30"}, "token-proof": {password}}, 200).text(t, "#secret")
		read := func() *answer {
			return ask(t, b.app, request{path: "/api/v1/platforms", header: map[string]string{"Authorization": "Bearer " + secret}})
		}
		read().wants(t, 200)
		a := b.get("/account", 200)
		if got := a.text(t, ".tokens tbody"); !strings.Contains(got, "<i>ci</i>") || strings.Contains(a.body, secret) {
			t.Errorf("tokens: %s", got)
		}
		b.submit("/account/tokens", url.Values{"token": {"<i>ci</i>"}, "scope": {"read"}, "days": {"90"}, "token-proof": {password}}, 200)
		if got := b.get("/account", 200).text(t, ".tokens tbody td.wide time"); got != "1 month from now3 months from now" && got != "3 months from now1 month from now" {
			t.Errorf("good until %q", got)
		}
		revoke := "/account/tokens/" + account.HashSecret(secret)[:16] + "?_method=DELETE"
		signedIn(t, d, account.Admin)
		(&browser{t, b.app, sessionOf(t, d, "admin@example.com")}).submit(revoke, nil, 404)
		b.submit(revoke, nil, 303)
		read().wants(t, 401)
		b.submit(revoke, nil, 404)
	})
}

// factorOf sets a second factor up, with the password, and gives its secret, the
// code that this used up, and the recovery codes.
func factorOf(t *testing.T, b *browser, known string) (secret, used string, codes []string) {
	t.Helper()
	a := b.get("/account/factor/new", 200)
	secret = strings.ReplaceAll(a.text(t, ".secret"), " ", "")
	if again := b.get("/account/factor/new", 200).text(t, ".secret"); strings.ReplaceAll(again, " ", "") != secret {
		t.Error("the page shows another secret when it is looked at twice")
	}
	image, ok := strings.CutPrefix(a.doc.Find("img.qr").AttrOr("src", ""), "data:image/png;base64,")
	if data, err := base64.StdEncoding.DecodeString(image); !ok || err != nil || !strings.HasPrefix(string(data), "\x89PNG") {
		t.Errorf("no image to scan: %v", err)
	}
	b.submit("/account/factor", url.Values{"code": {"000000"}, "current": {known}}, 422).text(t, "#code-error")
	used = codeAt(t, secret, 0)
	b.submit("/account/factor", url.Values{"code": {used}, "current": {"wrong"}}, 422).text(t, "#current-error")
	a = b.submit("/account/factor", url.Values{"code": {used}, "current": {known}}, 200)
	b.as = cookieOf(a)
	for _, li := range a.doc.Find(".codes li").EachIter() {
		codes = append(codes, li.Text())
	}
	if len(codes) != account.RecoveryCodes {
		t.Fatalf("recovery codes: %q", codes)
	}
	return secret, used, codes
}

func codeAt(t *testing.T, secret string, later time.Duration) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, time.Now().Add(later))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Viewer)
		secret, used, codes := factorOf(t, b, password)
		first := func() *browser {
			a := post(t, b.app, "/session", url.Values{"email": {"viewer@example.com"}, "password": {password}, "to": {"/devices?q=x"}}).wants(t, 303)
			if cookieOf(a) != "" || a.header.Get("Location") != "/session/code/new?to=%2Fdevices%3Fq%3Dx" {
				t.Fatalf("a password alone: %v", a.header)
			}
			challenge, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
			return &browser{t, b.app, challenge}
		}
		second := func(b *browser, code string, status int) *answer {
			return b.submit("/session/code", url.Values{"code": {code}, "to": {"/devices?q=x"}}, status)
		}
		c := first()
		c.get("/devices", 303)
		c.get("/session/code/new", 200)
		second(c, used, 422).text(t, "#code-error")
		next := codeAt(t, secret, 30*time.Second)
		a := second(c, next, 303)
		if a.header.Get("Location") != "/devices?q=x" || cookieOf(a) == "" {
			t.Errorf("%v", a.header)
		}
		second(c, next, 422)
		second(first(), next, 422) // replayed
		second(first(), strings.ToUpper(codes[0]), 303)
		second(first(), codes[0], 422)
		c = first()
		for range account.ChallengeAttempts {
			second(c, "123456", 422)
		}
		if got := second(c, codes[1], 422).text(t, "#form-error"); !strings.Contains(got, "Sign in again") {
			t.Errorf("after too many codes: %s", got)
		}
		b.submit("/account/factor?_method=DELETE", url.Values{"current": {"wrong"}}, 422)
		b.get("/account/factor/new", 409)
		b.submit("/account/factor?_method=DELETE", url.Values{"current": {password}, "code": {codes[2]}}, 303)
		post(t, b.app, "/session", url.Values{"email": {"viewer@example.com"}, "password": {password}}).wants(t, 303)
	})
}

func TestPasswordLinkRemovesSecondFactor(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, secret := newBrowser(t, d, account.Viewer), account.NewSecret()
		factorOf(t, b, password)
		if err := d.Links.Create(context.Background(), account.HashSecret(secret), account.PasswordLink, idOf(t, d, "viewer@example.com"), time.Hour); err != nil {
			t.Fatal(err)
		}
		post(t, b.app, "/password", url.Values{"token": {secret}, "password": {"a new password"}}).wants(t, 303)
		if a := post(t, b.app, "/session", url.Values{"email": {"viewer@example.com"}, "password": {"a new password"}}).wants(t, 303); cookieOf(a) == "" {
			t.Error("the second factor is still asked for")
		}
	})
}
