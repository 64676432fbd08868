package handlers_test

import (
	"context"
	"strings"
	"testing"
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
	b.write("#code", codeAt(t, read(".recipe .secret"), 0))
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
	b.quiet()
}
