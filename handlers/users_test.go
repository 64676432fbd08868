package handlers_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

func idOf(t *testing.T, d *db.DB, email string) string {
	t.Helper()
	u, err := d.Users.FindByEmail(context.Background(), email)
	if err != nil {
		t.Fatal(err)
	}
	return u.ID
}

func TestUsersPage(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		admin := newBrowser(t, d, account.Admin)
		signedIn(t, d, account.Viewer)
		waiting := signedIn(t, d, account.Plain)
		a := admin.get("/users", 200)
		if got := a.doc.Find(".users tbody tr").First().Text(); !strings.Contains(got, "user@example.com") || !strings.Contains(got, "waits") {
			t.Errorf("who waits is not first: %s", got)
		}
		if got := a.text(t, "#nav a[href='/users'] .count"); got != "1 waiting" {
			t.Errorf("the count says %q", got)
		}
		id := idOf(t, d, "user@example.com")
		ask(t, admin.app, request{path: "/devices", as: waiting}).wants(t, 403)
		admin.submit("/users/"+id+"?_method=PUT", url.Values{"role": {"viewer"}}, 303)
		renewed := cookieOf(ask(t, admin.app, request{path: "/devices", as: waiting}).wants(t, 200))
		if renewed == "" || renewed == waiting {
			t.Error("the session kept its id when its rights rose")
		}
		ask(t, admin.app, request{path: "/devices", as: waiting}).wants(t, 303)
		ask(t, admin.app, request{path: "/devices", as: renewed}).wants(t, 200)
		admin.submit("/users/"+id+"?_method=PUT", url.Values{"role": {"root"}}, 422)
		admin.submit("/users/"+id+"?_method=PUT", url.Values{"role": {"user"}}, 303)
		ask(t, admin.app, request{path: "/", as: renewed}).wants(t, 303)
		if got := admin.get("/users", 200).text(t, "#flash"); !strings.Contains(got, "user@example.com may see and change nothing now.") {
			t.Errorf("said %q", got)
		}
		admin.submit("/users/"+id+"?_method=DELETE", nil, 303)
		admin.submit("/users/"+id+"?_method=DELETE", nil, 404)
	})
}

func TestLastAdminStays(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		admin := newBrowser(t, d, account.Admin)
		id := idOf(t, d, "admin@example.com")
		a := admin.submit("/users/"+id+"?_method=PUT", url.Values{"role": {"viewer"}}, 409)
		if got := a.text(t, ".permit .error"); !strings.Contains(got, "is the last admin") {
			t.Errorf("said %q", got)
		}
		admin.submit("/users/"+id+"?_method=DELETE", nil, 409)
		admin.submit("/account?_method=DELETE", url.Values{"current": {password}}, 409)
		admin.submit("/users/invites", url.Values{"email": {"second@example.com"}, "role": {"admin"}}, 200)
		admin.submit("/account?_method=DELETE", url.Values{"current": {password}}, 409) // the other never came
		admin.get("/users", 200)
	})
}

func TestInviteAndReset(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		admin := newBrowser(t, d, account.Admin)
		admin.submit("/users/invites", url.Values{"email": {"no address"}, "role": {"viewer"}}, 422).text(t, "#email-error")
		link := linkOn(t, admin.submit("/users/invites", url.Values{"email": {"Guest@example.com"}, "role": {"viewer"}}, 200))
		admin.submit("/users/invites", url.Values{"email": {"guest@example.com"}, "role": {"viewer"}}, 409).text(t, "#email-error")
		post(t, admin.app, "/session", url.Values{"email": {"guest@example.com"}, "password": {"anything"}}).wants(t, 422)
		admin.submit("/users/"+idOf(t, d, "admin@example.com")+"/link", nil, 403) // which would let in who found the browser open
		newer := linkOn(t, admin.submit("/users/"+idOf(t, d, "guest@example.com")+"/link", nil, 200))
		ask(t, admin.app, request{path: "/password?token=" + link}).wants(t, 404)
		ask(t, admin.app, request{path: "/password?token=" + newer}).wants(t, 200)
		guest := cookieOf(post(t, admin.app, "/password", url.Values{"token": {newer}, "password": {"a guest's password"}}).wants(t, 303))
		ask(t, admin.app, request{path: "/devices", as: guest}).wants(t, 200)
		ask(t, admin.app, request{path: "/users", as: guest}).wants(t, 403)
		ask(t, admin.app, request{path: "/password?token=" + newer}).wants(t, 404)
	})
}

// linkOn is the token of the link that a page shows.
func linkOn(t *testing.T, a *answer) string {
	t.Helper()
	_, token, ok := strings.Cut(a.text(t, "#link"), "/password?token=")
	if !ok {
		t.Fatal("no link is shown")
	}
	return token
}

// TestTwoAdminsDemoteEachOther does it at once: one of them stays an admin.
func TestTwoAdminsDemoteEachOther(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		app := newApp(t, d)
		as := []string{signedIn(t, d, account.Admin), signedIn(t, d, account.Viewer)}
		ids := []string{idOf(t, d, "admin@example.com"), idOf(t, d, "viewer@example.com")}
		for range 5 {
			for i, id := range ids {
				if _, err := d.Users.SetRole(context.Background(), id, account.Admin); err != nil {
					t.Fatal(err)
				}
				as[i] = sessionOf(t, d, []string{"admin@example.com", "viewer@example.com"}[i])
			}
			var wg sync.WaitGroup
			for i := range as {
				wg.Go(func() {
					a := ask(t, app, request{method: "PUT", path: "/users/" + ids[1-i], as: as[i], form: url.Values{"role": {"viewer"}}})
					if a.status != 303 && a.status != 409 && a.status != 403 { // the other was faster, or here before
						t.Errorf("status %d", a.status)
					}
				})
			}
			wg.Wait()
			if any, err := d.Users.AnyAdmin(context.Background()); !any || err != nil {
				t.Fatalf("no admin is left: %v", err)
			}
		}
	})
}
