package handlers_test

import (
	"context"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// watcher reads the page of the activity, and knows what it read before.
type watcher struct {
	browser
	seen map[string]bool
}

func newWatcher(t *testing.T, b *browser, d *db.DB) *watcher {
	w := &watcher{browser{t, b.app, sessionOf(t, d, "viewer@example.com")}, map[string]bool{}}
	w.news()
	return w
}

// news is the lines that came since: who | what | before and after | from.
func (w *watcher) news() (lines []string) {
	w.t.Helper()
	for _, row := range w.get("/activity", 200).doc.Find("#activity tr[id^=entry-]").EachIter() {
		id := row.AttrOr("id", "")
		if w.seen[id] {
			continue
		}
		w.seen[id] = true
		var cells []string
		for _, class := range []string{".c-by", ".c-what", ".c-notes", ".c-from"} {
			cells = append(cells, strings.Join(strings.Fields(row.Find(class).Text()), " "))
		}
		lines = append(lines, strings.Join(cells, " | "))
	}
	return lines
}

// tells does something and fails unless just these lines come of it.
func (w *watcher) tells(do func(), want ...string) {
	w.t.Helper()
	do()
	got := w.news()
	if len(got) != len(want) {
		w.t.Errorf("told %q, want %q", got, want)
		return
	}
	for i := range want {
		if got[i] != want[i]+" | 0.0.0.0" {
			w.t.Errorf("told %q, want %q", got[i], want[i])
		}
	}
}

const changer = "admin@example.com | "

// TestActivityOfTheFleet makes every change of platforms, releases and devices.
func TestActivityOfTheFleet(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		signedIn(t, d, account.Viewer)
		w := newWatcher(t, b, d)
		submit := func(path string, fields url.Values) func() { return func() { b.submit(path, fields, 303) } }
		publish := func(v string) func() {
			a := b.upload("lamp.bin", firmwaretest.Lamp(v), nil, 200)
			return submit("/platforms/smart-lamp/firmware", url.Values{"upload": {a.doc.Find("input[name=upload]").AttrOr("value", "")}})
		}
		undo := func() {
			b.submit(b.get("/devices", 200).doc.Find("#flash form.undo").AttrOr("action", ""), nil, 303)
		}
		w.tells(submit("/platforms", url.Values{"name": {"smart-lamp"}, "notes": {"Roof"}}), changer+"created the platform smart-lamp | notes: none → Roof")
		w.tells(submit("/platforms", url.Values{"name": {"plug"}}), changer+"created the platform plug | –")
		w.tells(submit("/platforms/smart-lamp?_method=PUT", url.Values{"notes": {"Hall"}}), changer+"changed the notes of the platform smart-lamp | notes: Roof → Hall")
		w.tells(publish("v1.0.2"), changer+"published a release of smart-lamp | offered release: none → v1.0.2")
		w.tells(publish("v1.0.3"), changer+"published a release of smart-lamp | offered release: v1.0.2 → v1.0.3")
		w.tells(submit("/platforms/smart-lamp/release?_method=PUT", url.Values{"version": {"v1.0.2"}}), changer+"chose what smart-lamp offers | offered release: v1.0.3 → v1.0.2")
		w.tells(submit("/platforms/smart-lamp/release?_method=DELETE", url.Values{"version": {"v1.0.2"}}), changer+"withdrew a release of smart-lamp | offered release: v1.0.2 → none")

		const mac, at = "A4:CF:12:B3:C4:01", "/devices/a4cf12b3c401"
		w.tells(submit("/devices", url.Values{"mac": {mac}, "platform": {"plug"}, "notes": {"Room"}}), changer+"permitted "+mac+" | platform: none → plug; notes: none → Room")
		w.tells(submit(at+"?_method=PUT", url.Values{"notes": {"Attic"}}), changer+"changed the notes of "+mac+" | notes: Room → Attic")
		w.tells(submit(at+"?_method=PUT", url.Values{"notes": {"Attic"}}))
		w.tells(submit(at+"?_method=PUT", url.Values{"platform": {"smart-lamp"}}), changer+"moved "+mac+" | platform: plug → smart-lamp")
		w.tells(submit(at+"/permit?_method=DELETE", nil), changer+"revoked "+mac+" | platform: smart-lamp → none")
		w.tells(undo, changer+"undid the removal of "+mac+" | platform: none → smart-lamp")
		w.tells(submit(at+"?_method=DELETE", nil), changer+"forgot "+mac+" | platform: smart-lamp → none; notes: Attic → none")
		w.tells(undo, changer+"undid the removal of "+mac+" | platform: none → smart-lamp; notes: none → Attic")

		w.tells(func() { checkIn(t, d, "a4cf12b3c402", "plug", "v1.0.0") }) // what boards do is no activity
		w.tells(submit("/devices/a4cf12b3c402/ignore?_method=PUT", nil), changer+"ignored A4:CF:12:B3:C4:02 | –")
		w.tells(submit("/devices/a4cf12b3c402/ignore?_method=DELETE", nil), changer+"let A4:CF:12:B3:C4:02 back into the queue | –")
		w.tells(submit("/devices/a4cf12b3c402/permit?_method=PUT", url.Values{"platform": {"plug"}}), changer+"permitted A4:CF:12:B3:C4:02 | platform: none → plug")
		w.tells(submit("/devices/import?_method=PUT", url.Values{"list": {"a4cf12b3c403,plug\na4cf12b3c404,plug"}}), changer+"saved 2 devices from a list | –")
		plugs := url.Values{"all": {"1"}, "platform": {"plug"}, "count": {"3"}, "to": {"smart-lamp"}, "back": {"/devices"}}
		w.tells(submit("/selection/permit?_method=PUT", plugs), changer+"permitted 3 devices | platform: as each was → smart-lamp")
		some := url.Values{"mac": {"a4cf12b3c403", "a4cf12b3c404"}, "count": {"2"}, "back": {"/devices"}}
		w.tells(submit("/selection/permit?_method=DELETE", some), changer+"revoked 2 devices | –")
		w.tells(undo, changer+"undid the removal of 2 devices | –")
		w.tells(submit("/selection?_method=DELETE", some), changer+"forgot 2 devices | –")
		for _, mac := range []string{"a4cf12b3c405", "a4cf12b3c406"} {
			checkIn(t, d, mac, "plug", "v1.0.0")
		}
		w.tells(submit("/selection/ignore?_method=PUT", url.Values{"mac": {"a4cf12b3c405", "a4cf12b3c406"}, "count": {"2"}}), changer+"ignored 2 devices | –")
		w.tells(submit("/platforms/smart-lamp?_method=DELETE", nil), changer+"deleted the platform smart-lamp | –")
	})
}

// TestActivityOfTokens holds that what a token changes is told with its name.
func TestActivityOfTokens(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		signedIn(t, d, account.Viewer)
		secret := b.submit("/account/tokens", url.Values{"token": {"ci"}, "scope": {"write"}, "days": {"30"}, "token-proof": {password}}, 200).text(t, "#secret")
		api := &script{t, b.app, secret}
		w := newWatcher(t, b, d)
		const who = "admin@example.com with the token ci | "
		call := func(method, path, body string, status int) func() {
			return func() { api.call(method, path, body, status) }
		}
		w.tells(call("POST", "/api/v1/platforms", `{"name":"smart-lamp"}`, 201), who+"created the platform smart-lamp | –")
		w.tells(call("PATCH", "/api/v1/platforms/smart-lamp", `{"notes":"Roof"}`, 200), who+"changed the notes of the platform smart-lamp | notes: none → Roof")
		w.tells(func() { api.upload("lamp.bin", firmwaretest.Lamp("v1.0.2"), nil, 201) }, who+"published a release of smart-lamp | offered release: none → v1.0.2")
		w.tells(call("PUT", "/api/v1/devices/a4cf12b3c401", `{}`, 201), who+"added A4:CF:12:B3:C4:01 | –")
		w.tells(call("PUT", "/api/v1/devices/a4cf12b3c401", `{"platform":"smart-lamp"}`, 200), who+"permitted A4:CF:12:B3:C4:01 | platform: none → smart-lamp")
		w.tells(call("PUT", "/api/v1/devices/a4cf12b3c401", `{"platform":null}`, 200), who+"revoked A4:CF:12:B3:C4:01 | platform: smart-lamp → none")
		w.tells(call("DELETE", "/api/v1/devices/a4cf12b3c401", ``, 204), who+"forgot A4:CF:12:B3:C4:01 | –")
		w.tells(call("DELETE", "/api/v1/platforms/smart-lamp", ``, 204), who+"deleted the platform smart-lamp | offered release: v1.0.2 → none")
	})
}

// TestActivityOfUsers makes every change of accounts. It is told by whom, and no
// secret is in it.
func TestActivityOfUsers(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		signedIn(t, d, account.Viewer)
		w := newWatcher(t, b, d)
		secrets := []string{password, "staple and glue"}
		var link string
		w.tells(func() {
			link = linkOn(t, b.submit("/users/invites", url.Values{"email": {"guest@example.com"}, "role": {"viewer"}}, 200))
		}, changer+"made a password link for guest@example.com | –", changer+"invited guest@example.com | role: none → viewer")
		var guest *browser
		w.tells(func() {
			guest = &browser{t, b.app, cookieOf(post(t, b.app, "/password", url.Values{"token": {link}, "password": {password}}).wants(t, 303))}
		}, "guest@example.com | signed in | –", "guest@example.com | set a new password by a link | –")
		w.tells(func() { link = linkOn(t, b.submit("/users/"+idOf(t, d, "guest@example.com")+"/link", nil, 200)) },
			changer+"made a password link for guest@example.com | –")
		secrets = append(secrets, link)
		w.tells(func() {
			b.submit("/users/"+idOf(t, d, "guest@example.com")+"?_method=PUT", url.Values{"role": {"admin"}}, 303)
		}, changer+"changed what guest@example.com may do | role: viewer → admin")
		w.tells(func() { guest.as = cookieOf(guest.get("/", 200)) }) // a new id, since their rights rose

		const own = "guest@example.com | "
		w.tells(func() { guest.submit("/account?_method=PUT", url.Values{"name": {"Ada"}}, 303) }, own+"changed their name | name: none → Ada")
		w.tells(func() {
			guest.as = cookieOf(guest.submit("/account/password?_method=PUT", url.Values{"current": {password}, "password": {"staple and glue"}}, 303))
		}, own+"changed their password | –")
		w.tells(func() {
			secrets = append(secrets, guest.submit("/account/tokens", url.Values{"token": {"ci"}, "scope": {"read"}, "days": {"30"}, "token-proof": {"staple and glue"}}, 200).text(t, "#secret"))
		}, own+"created an API token for guest@example.com | token: none → ci (read)")
		w.tells(func() {
			guest.submit("/account/tokens/"+account.HashSecret(secrets[len(secrets)-1])[:16]+"?_method=DELETE", nil, 303)
		}, own+"revoked an API token of guest@example.com | token: ci (read) → none")
		var secret string
		var codes []string
		w.tells(func() {
			secret, _, codes = factorOf(t, guest, "staple and glue")
			secrets = append(append(secrets, secret), codes...)
		}, own+"set up a second factor | –")
		w.tells(func() {
			c := &browser{t, b.app, ""}
			a := c.submit("/session", url.Values{"email": {"guest@example.com"}, "password": {"staple and glue"}}, 303)
			c.as, _, _ = strings.Cut(a.header.Get("Set-Cookie"), ";")
			c.submit("/session/code", url.Values{"code": {"000000"}}, 422)
			c.submit("/session/code", url.Values{"code": {codes[0]}}, 303)
		}, own+"used a recovery code | –", "Somebody | tried in vain to sign in as guest@example.com | –")
		w.tells(func() {
			guest.submit("/account/factor?_method=DELETE", url.Values{"current": {"staple and glue"}, "code": {codeAt(t, secret, 30*time.Second)}}, 303)
		}, own+"removed their second factor | –")
		w.tells(func() {
			key := strings.TrimPrefix(sessionOf(t, d, "guest@example.com"), "session=")
			w.seen[firstEntry(w)] = true // what the test itself did
			guest.submit("/account/sessions/"+account.HashSecret(key)[:16]+"?_method=DELETE", nil, 303)
		}, own+"signed another browser out | –")
		w.tells(func() {
			guest.submit("/account/email?_method=PUT", url.Values{"email": {"ada@example.com"}, "email-proof": {"staple and glue"}}, 303)
		}, own+"changed their e-mail address | e-mail address: guest@example.com → ada@example.com")
		w.tells(func() { guest.submit("/account/sessions?_method=DELETE", nil, 303) }, "ada@example.com | signed out everywhere | –")
		w.tells(func() { b.submit("/users/"+idOf(t, d, "ada@example.com")+"?_method=DELETE", nil, 303) },
			changer+"deleted the user ada@example.com | role: admin → none")

		var fresh *browser
		w.tells(func() {
			form := url.Values{"email": {"eve@example.com"}, "password": {password}}
			fresh = &browser{t, b.app, cookieOf(post(t, b.app, "/users", form).wants(t, 303))}
		}, "eve@example.com | signed in | –", "eve@example.com | signed up | role: none → user")
		w.tells(func() { fresh.submit("/session?_method=DELETE", nil, 303) }, "eve@example.com | signed out | –")
		refuse := func(email string) func() {
			return func() {
				for range 3 {
					post(t, b.app, "/session", url.Values{"email": {email}, "password": {"guessed it"}}).wants(t, 422)
				}
			}
		}
		w.tells(refuse("eve@example.com"), "Somebody | tried in vain to sign in as eve@example.com | –")
		w.tells(refuse("typed-a-password@example.com"), "Somebody | tried in vain to sign in as a user who does not exist | –")
		eve := &browser{t, b.app, cookieOf(post(t, b.app, "/session", url.Values{"email": {"eve@example.com"}, "password": {password}}).wants(t, 303))}
		w.tells(func() { eve.submit("/account?_method=DELETE", url.Values{"current": {password}}, 303) }, "eve@example.com | deleted the user eve@example.com | role: user → none")

		all := b.get("/activity/export", 200).body
		for _, secret := range append(secrets, "argon2", "guessed it", "typed-a-password", account.HashSecret(link)) {
			if strings.Contains(all, secret) {
				t.Errorf("the activity tells %q", secret)
			}
		}
	})
}

// firstEntry is the newest line of the page.
func firstEntry(w *watcher) string {
	return w.get("/activity", 200).doc.Find("#activity tr").First().AttrOr("id", "")
}

// TestActivityOfTheSetUp holds that the first admin is told, and from where.
func TestActivityOfTheSetUp(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		app := newApp(t, d, func(c *handlers.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/32")} })
		secret := account.NewSecret()
		if err := d.Links.Create(context.Background(), account.HashSecret(secret), account.SetupLink, "", time.Hour); err != nil {
			t.Fatal(err)
		}
		form := url.Values{"token": {secret}, "email": {"ada@example.com"}, "password": {password}}
		a := ask(t, app, request{method: "POST", path: "/setup", form: form, header: map[string]string{"X-Forwarded-For": "198.51.100.4, 203.0.113.9"}}).wants(t, 303)
		page := ask(t, app, request{path: "/activity?q=created", as: cookieOf(a)}).wants(t, 200)
		if got := page.text(t, "#activity tr"); !strings.Contains(got, "ada@example.com created the admin ada@example.com") || !strings.HasSuffix(got, "203.0.113.9") {
			t.Errorf("told %q", got)
		}
	})
}

// TestRefusedSignInsAreLogged holds that the log names the account, but never
// what was typed for one that does not exist.
func TestRefusedSignInsAreLogged(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	signedIn(t, d, account.Viewer)
	var log strings.Builder
	app := newApp(t, d, func(c *handlers.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	for _, email := range []string{"viewer@example.com", "hunter2@example.com"} {
		post(t, app, "/session", url.Values{"email": {email}, "password": {"guessed it"}}).wants(t, 422)
	}
	if got := log.String(); strings.Count(got, "sign-in refused") != 2 || !strings.Contains(got, "user=viewer@example.com ip=0.0.0.0") || strings.Contains(got, "hunter2") {
		t.Errorf("logged %s", got)
	}
}
