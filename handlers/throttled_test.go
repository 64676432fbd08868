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

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

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
		now := time.Now()
		app := newApp(t, d, behind, func(c *handlers.Config) { c.Throttles = stillThrottles{d.Throttles, now} })
		signedIn(t, d, account.Admin)
		try := func(ip, password string) *answer {
			return ask(t, app, request{method: "POST", path: "/session", form: url.Values{"email": {"admin@example.com"}, "password": {password}},
				header: map[string]string{"X-Forwarded-For": ip}})
		}
		try("192.0.2.1", password).wants(t, 303)
		anywhere := account.NewTry(account.Account, "account", "admin@example.com")
		for at := now.Add(-time.Hour); !at.After(now); at = at.Add(20 * time.Second) { // an hour of guesses
			if _, err := d.Throttles.Take(context.Background(), anywhere, at); err != nil {
				t.Fatal(err)
			}
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
// request at a time. It runs alone: those who wait are counted for the whole
// process, and whoever signs in beside the storm would be turned away too.
func TestStormOfSignIns(t *testing.T) {
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
