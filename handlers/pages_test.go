package handlers_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/static"
)

// browser is a person at the pages, signed in with a role.
type browser struct {
	t   *testing.T
	app *fiber.App
	as  string
}

func newBrowser(t *testing.T, d *db.DB, role account.Role) *browser {
	return &browser{t, newApp(t, d), signedIn(t, d, role)}
}

func (b *browser) get(path string, status int) *answer {
	b.t.Helper()
	return ask(b.t, b.app, request{path: path, as: b.as}).wants(b.t, status)
}

// part is what htmx asks for.
func (b *browser) part(path string, status int) *answer {
	b.t.Helper()
	return ask(b.t, b.app, request{path: path, as: b.as, htmx: true}).wants(b.t, status)
}

// submit sends a plain form, with its method in the address as pages have it.
func (b *browser) submit(path string, fields url.Values, status int) *answer {
	b.t.Helper()
	return ask(b.t, b.app, request{method: "POST", path: path, as: b.as, form: fields}).wants(b.t, status)
}

// send is what htmx sends.
func (b *browser) send(method, path string, fields url.Values, status int) *answer {
	b.t.Helper()
	return ask(b.t, b.app, request{method: method, path: path, as: b.as, form: fields, htmx: true}).wants(b.t, status)
}

// upload drops a file on the page.
func (b *browser) upload(name string, data []byte, fields map[string]string, status int) *answer {
	b.t.Helper()
	body, kind := multipartForm(b.t, name, data, fields)
	return ask(b.t, b.app, request{method: "POST", path: "/uploads", as: b.as, body: body, htmx: true,
		header: map[string]string{"Content-Type": kind}}).wants(b.t, status)
}

// checkIn lets a board ask, with a string in all that it can choose.
func checkIn(t testing.TB, d *db.DB, mac, platform, version string) {
	t.Helper()
	c := &fleet.CheckIn{
		MAC: fleet.MAC(mac), SentMAC: mac, Platform: platform, Version: version, IP: "192.0.2.7", At: time.Now(),
		Report: fleet.Report{UserAgent: "<script>alert(1)</script>", SDKVersion: `" onmouseover="x`},
	}
	decision := ota.Decide(c, nil, nil, nil)
	if _, err := d.Devices.Record(context.Background(), []fleet.Heard{decision.Heard(c)}); err != nil {
		t.Fatal(err)
	}
}

// fillFleet makes a small fleet with a platform, a release and devices of all sorts.
func fillFleet(t *testing.T, d *db.DB) {
	t.Helper()
	admin := newBrowser(t, d, account.Admin)
	admin.submit("/platforms", url.Values{"name": {"smart-lamp"}, "notes": {"On the second floor"}}, 303)
	a := admin.upload("lamp.bin", firmwaretest.Lamp("v1.0.2"), nil, 200)
	draft, _ := a.doc.Find("input[name=upload]").Attr("value")
	admin.submit("/platforms/smart-lamp/firmware", url.Values{"upload": {draft}}, 303)
	checkIn(t, d, "a4cf12b3c401", "smart-lamp", "v1.0.1")
	checkIn(t, d, "a4cf12b3c402", "<b>Garden</b>", `"><script>alert(1)</script>`)
	checkIn(t, d, "a4cf12b3c403", "Garden_Pump", "dev")
	admin.submit("/devices", url.Values{"mac": {"a4cf12b3c401"}, "platform": {"smart-lamp"}, "notes": {"Room 201"}}, 303)
	admin.submit("/devices", url.Values{"mac": {"a4cf12b3c404"}, "platform": {"smart-lamp"}}, 303)
}

// TestPagesHangTogether follows every link from the first page and looks at
// every page as a browser and a screen reader do.
func TestPagesHangTogether(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), ""}
		for _, role := range []account.Role{account.Viewer, account.Admin} {
			if role == account.Viewer {
				b.as = signedIn(t, d, role)
			} else {
				b.as = sessionOf(t, d, "admin@example.com")
			}
			seen := crawl(b, "/devices")
			if want := map[account.Role]int{account.Viewer: 8, account.Admin: 16}[role]; len(seen) < want {
				t.Errorf("%s reached only %d pages: %v", role, len(seen), seen)
			}
		}
	})
}

// crawl visits all pages that can be reached and checks each.
func crawl(b *browser, start string) (seen []string) {
	queue := []string{start}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		if slices.Contains(seen, path) || strings.HasSuffix(path, "/") && path != "/" {
			continue
		}
		seen = append(seen, path)
		a := b.get(path, 200)
		if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			continue
		}
		checkPage(b.t, path, a)
		a.doc.Find("a[href^='/']:not([href='/session/new'], [rel=nofollow])").Each(func(_ int, link *goquery.Selection) {
			href, _ := link.Attr("href")
			queue = append(queue, href)
		})
	}
	return seen
}

// checkPage looks for what makes a page wrong whatever is on it.
func checkPage(t *testing.T, path string, a *answer) {
	t.Helper()
	ids := map[string]bool{}
	a.doc.Find("[id]").Each(func(_ int, e *goquery.Selection) {
		id, _ := e.Attr("id")
		if ids[id] {
			t.Errorf("%s: the id %q twice", path, id)
		}
		ids[id] = true
	})
	for attribute, selection := range map[string]string{"for": "label[for]", "aria-describedby": "[aria-describedby]", "aria-labelledby": "[aria-labelledby]"} {
		a.doc.Find(selection).Each(func(_ int, e *goquery.Selection) {
			names, _ := e.Attr(attribute)
			for _, id := range strings.Fields(names) {
				if !ids[id] {
					t.Errorf("%s: %s=%q leads nowhere", path, attribute, id)
				}
			}
		})
	}
	a.doc.Find("use").Each(func(_ int, e *goquery.Selection) {
		href, _ := e.Attr("href")
		file, symbol, _ := strings.Cut(strings.TrimPrefix(href, "/static/"), "#")
		if sprite, ok := static.Read(file); !ok || !strings.Contains(string(sprite), `<symbol id="`+symbol+`"`) {
			t.Errorf("%s: there is no icon %s", path, href)
		}
	})
	for _, e := range a.doc.Find("*").Nodes {
		for _, attribute := range e.Attr {
			if attribute.Key == "style" || strings.HasPrefix(attribute.Key, "on") {
				t.Errorf("%s: <%s %s=%q>", path, e.Data, attribute.Key, attribute.Val)
			}
		}
	}
	if n := a.doc.Find("script:not([src]), style, form form").Length(); n > 0 {
		t.Errorf("%s: %d inline scripts, styles or nested forms", path, n)
	}
	if n := a.doc.Find("h1").Length(); n != 1 {
		t.Errorf("%s: %d first headings", path, n)
	}
	a.doc.Find("[hx-post], [hx-put], [hx-delete]").Each(func(_ int, e *goquery.Selection) {
		if method, _ := e.Attr("method"); method != "post" || e.AttrOr("action", "") == "" {
			t.Errorf("%s: a change that needs JavaScript: %s", path, e.AttrOr("id", e.Nodes[0].Data))
		}
	})
	a.doc.Find("input:not([type=hidden], [hidden]), select, textarea").Each(func(_ int, e *goquery.Selection) {
		if a.doc.Find("label[for='"+e.AttrOr("id", "")+"']").Length() == 0 {
			t.Errorf("%s: the field %s has no label", path, e.AttrOr("name", ""))
		}
	})
	a.doc.Find("a[role=button], button").Each(func(_ int, e *goquery.Selection) {
		if strings.TrimSpace(e.Text()) == "" {
			t.Errorf("%s: a button without a word", path)
		}
	})
}

// TestViewersSeeNoControls holds the pages to what the routes enforce anyway.
func TestViewersSeeNoControls(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := newBrowser(t, d, account.Viewer)
		for _, path := range crawl(b, "/devices") {
			if path == "/" {
				continue
			}
			if strings.HasPrefix(path, "/account") { // their own, which they may change
				continue
			}
			a := b.get(path, 200)
			if n := a.doc.Find("main form:not([role=search]), main button:not([data-copy]), [hx-put], [hx-post], [hx-delete]").Length(); n > 0 {
				t.Errorf("%s shows a viewer %d controls", path, n)
			}
			if a.has("a[href$='/edit'], a[href$='/new']:not([href='/uploads/new'], [href='/session/new']), a[href$='/delete'], a[download]:not([href^='/devices/export'])") {
				t.Errorf("%s leads a viewer to what they may not do", path)
			}
		}
	})
}

func sessionOf(t *testing.T, d *db.DB, email string) string {
	t.Helper()
	u, err := d.Users.FindByEmail(context.Background(), email)
	if err != nil {
		t.Fatal(err)
	}
	id := account.NewSecret()
	if err := d.Sessions.Create(context.Background(), account.HashSecret(id), u.ID, "test", "192.0.2.1", true); err != nil {
		t.Fatal(err)
	}
	return "session=" + id
}

// TestWhoMayDoWhat tries the rules of the table of routes from outside.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		app := newApp(t, d)
		as := map[string]string{"nobody": ""}
		for _, role := range []account.Role{account.Plain, account.Viewer, account.Admin} {
			as[string(role)] = signedIn(t, d, role)
		}
		for _, c := range []struct {
			method, path                string
			nobody, user, viewer, admin int
		}{
			{"GET", "/session/new", 200, 303, 303, 303},
			{"GET", "/", 303, 200, 200, 200},
			{"GET", "/devices", 303, 403, 200, 200},
			{"GET", "/platforms", 303, 403, 200, 200},
			{"GET", "/new-devices", 303, 403, 200, 200},
			{"GET", "/uploads/new", 303, 403, 200, 200},
			{"GET", "/platforms/new", 303, 403, 403, 200},
			{"GET", "/devices/new", 303, 403, 403, 200},
			{"POST", "/platforms", 303, 403, 403, 422},
			{"POST", "/devices", 303, 403, 403, 422},
			{"POST", "/uploads", 303, 403, 403, 422},
			{"PUT", "/devices/a4cf12b3c401/permit", 303, 403, 403, 404},
			{"DELETE", "/devices/a4cf12b3c401", 303, 403, 403, 404},
			{"DELETE", "/platforms/x", 303, 403, 403, 404},
			{"GET", "/platforms/x/releases/v1.0.0/firmware", 303, 403, 403, 404},
			{"GET", "/account", 303, 200, 200, 200},
			{"POST", "/account/tokens", 303, 403, 422, 422},
			{"GET", "/users", 303, 403, 403, 200},
			{"GET", "/users/00/delete", 303, 403, 403, 404},
			{"PUT", "/users/00", 303, 403, 403, 404},
			{"DELETE", "/users/00", 303, 403, 403, 404},
			{"POST", "/users/00/link", 303, 403, 403, 404},
			{"POST", "/users/invites", 303, 403, 403, 422},
			{"GET", "/there/is/nothing", 404, 404, 404, 404},
		} {
			for who, want := range map[string]int{"nobody": c.nobody, "user": c.user, "viewer": c.viewer, "admin": c.admin} {
				a := ask(t, app, request{method: c.method, path: c.path, as: as[who]})
				if a.status != want {
					t.Errorf("%s %s as %s: %d, want %d", c.method, c.path, who, a.status, want)
				}
			}
		}
	})
}

// TestSignInIsAskedFor sends people to the sign-in and back to where they were.
func TestSignInIsAskedFor(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		app := newApp(t, d)
		a := ask(t, app, request{path: "/devices?q=room+1"})
		if to := a.wants(t, http.StatusSeeOther).header.Get("Location"); to != "/session/new?to=%2Fdevices%3Fq%3Droom%2B1" {
			t.Errorf("sent to %q", to)
		}
		a = ask(t, app, request{path: "/devices", htmx: true}).wants(t, http.StatusUnauthorized)
		if to := a.header.Get("HX-Redirect"); to != "/session/new" {
			t.Errorf("htmx sent to %q", to)
		}
	})
}
