package handlers_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/db/dbtest"
)

// signingInWithTwoFactors sets a second factor up and comes back with a
// recovery code.
func signingInWithTwoFactors(t *testing.T, browser context.Context) {
	b := fleetTab(t, browser)
	b.visit("/account")
	b.click("a[href='/account/factor/new']")
	b.sees("h1", "Set up a second factor")
	read := func(selector string) string {
		return strings.Trim(strings.ReplaceAll(b.eval("document.querySelector('"+selector+"').textContent"), " ", ""), `"`)
	}
	secret := read(".recipe .secret")
	b.write("#current", password)
	b.write("#code", codeAt(t, secret, 30*time.Second)) // of a clock that is ahead: right for a minute at least
	b.press("\r")
	b.sees("h1", "The second factor is on")
	b.accessible("recovery codes")
	recovery := read(".codes li")
	b.click(".bar-account button")
	b.sees("h1", "Sign in")
	b.visit("/users")
	b.write("#email", "admin@example.com")
	b.write("#password", password)
	b.press("\r")
	b.sees("h1", "One step more")
	b.accessible("the second step of signing in")
	b.write("#code", "000000")
	b.press("\r")
	b.sees("#code-error", "This code is wrong")
	b.write("#code", recovery)
	b.press("\r")
	b.sees("h1", "Users")
	b.write("#email", "guest@example.com")
	b.press("\r")
	b.sees("h1", "A link for guest@example.com")
	b.accessible("a one-time link")
	b.visit("/backup/new")
	b.write("#current", password)
	b.write("#code", recovery)
	b.press("\r")
	b.sees("#code-error", "was used already")
	b.accessible("a backup that is refused")
	b.quiet()
}

// whoWaitsCanSignOut looks at the bar of somebody who has no menu yet, on a
// phone.
func whoWaitsCanSignOut(t *testing.T, browser context.Context) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	b := openTab(t, browser, "http://"+serve(t, d))
	b.signsInBy(signedIn(t, d, account.Plain))
	b.resize(360)
	b.visit("/")
	b.sees("h1", "Your account waits for an admin")
	if got := b.eval("document.querySelector('.bar-account button').getBoundingClientRect().right <= innerWidth && document.documentElement.scrollWidth <= innerWidth"); got != "true" {
		t.Error("the bar is wider than the window")
	}
	b.accessible("what who waits sees")
	b.click(".bar-account button")
	b.sees("h1", "Sign in")
	b.quiet()
}
