package handlers_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// TestWaitingUsersAreBounded holds that sign-up ends when too many wait.
func TestWaitingUsersAreBounded(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		signedIn(t, d, account.Admin)
		app := newApp(t, d, func(c *handlers.Config) { c.MaxWaiting = 1 })
		sign := func(email string) *answer {
			return post(t, app, "/users", url.Values{"email": {email}, "password": {password}})
		}
		sign("one@example.com").wants(t, 303)
		if got := sign("two@example.com").wants(t, 503).text(t, "main"); !strings.Contains(got, "1 user waits for an admin already") {
			t.Errorf("said %q", got)
		}
		ask(t, app, request{path: "/users/new"}).wants(t, 503)
	})
}

// TestAdminOfTheSettingsIsMarked on the page of the users.
func TestAdminOfTheSettingsIsMarked(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	b := newBrowser(t, d, account.Admin)
	signedIn(t, d, account.Viewer)
	b.app = newApp(t, d, func(c *handlers.Config) { c.AdminEmail = "Admin@example.com" })
	marked := b.get("/users", 200).doc.Find(".users tbody tr").FilterFunction(func(_ int, row *goquery.Selection) bool {
		return strings.Contains(row.Text(), "comes back at each start")
	})
	if marked.Length() != 1 || !strings.Contains(marked.Text(), "admin@example.com") {
		t.Errorf("marked: %q", marked.Text())
	}
}
