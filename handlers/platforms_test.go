package handlers_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

func TestCreatePlatform(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		if a := b.get("/platforms", 200); !a.has(".empty-state a[href='/platforms/new']") {
			t.Error("an empty list leads nowhere")
		}
		a := b.submit("/platforms", url.Values{"name": {"Smart_Lamp"}, "notes": {"<i>hi</i>"}}, 422)
		if !strings.Contains(a.text(t, "#name-error"), "name it smart-lamp") || a.doc.Find("#name").AttrOr("value", "") != "Smart_Lamp" ||
			a.text(t, "#notes") != "<i>hi</i>" || !a.has("#name[aria-invalid=true][aria-describedby~=name-error]") {
			t.Errorf("an underscore: %s", a.body)
		}
		part := b.send("POST", "/platforms", url.Values{"name": {"smart lamp"}}, 422)
		if part.has("html") && strings.Contains(part.body, "<html") || !part.has("form#platform-form #name-error") {
			t.Errorf("htmx got %s", part.body)
		}
		to := b.send("POST", "/platforms", url.Values{"name": {"Smart-Lamp"}, "notes": {"Upstairs"}}, 204).header.Get("HX-Redirect")
		if to != "/platforms/smart-lamp" {
			t.Fatalf("sent to %q", to)
		}
		if got := b.get(to, 200).text(t, "#flash"); got != "Platform smart-lamp is created." {
			t.Errorf("said %q", got)
		}
		if b.get(to, 200).has("#flash .notice") {
			t.Error("said twice")
		}
		b.submit("/platforms", url.Values{"name": {"smart-lamp"}}, 409).text(t, "#name-error")
		if got := b.get("/platforms", 200).text(t, "#platform-smart-lamp"); got != "smart-lamp nothing – 0 0 0 Upstairs" {
			t.Errorf("listed as %q", got)
		}
	})
}

func TestPlatformNotes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		b.submit("/platforms", url.Values{"name": {"smart-lamp"}}, 303)
		if !b.part("/platforms/smart-lamp/edit", 200).has("form#platform-notes[hx-put]") || !b.get("/platforms/smart-lamp/edit", 200).has("h1") {
			t.Error("the form is not both a part and a page")
		}
		a := b.send("PUT", "/platforms/smart-lamp", url.Values{"notes": {"Built from <main>"}}, 200)
		if a.text(t, "section#platform-notes .notes-text") != "Built from <main>" || a.text(t, "output#flash[hx-swap-oob]") != "The notes are saved." {
			t.Errorf("saved: %s", a.body)
		}
		long := strings.Repeat("x", 2001)
		if a := b.send("PUT", "/platforms/smart-lamp", url.Values{"notes": {long}}, 422); a.text(t, "#notes") != long || !a.has("#notes-error") {
			t.Error("too long notes are lost")
		}
		b.submit("/platforms/smart-lamp?_method=PUT", url.Values{"notes": {"plain"}}, 303)
		if got := b.part("/platforms/smart-lamp", 200).text(t, ".notes-text"); got != "plain" {
			t.Errorf("the part says %q", got)
		}
		b.send("PUT", "/platforms/gone", url.Values{"notes": {"x"}}, 404).text(t, ".notice.is-problem")
	})
}

func TestDeletePlatform(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		a := b.get("/platforms/smart-lamp/delete", 200)
		if got := a.text(t, "main ul"); !strings.Contains(got, "2 devices lose it") || !strings.Contains(got, "1 release goes") {
			t.Errorf("asks %q", got)
		}
		b.submit("/platforms/smart-lamp?_method=DELETE", nil, 303)
		a = b.get("/new-devices", 200)
		if got := a.text(t, "#flash"); got != "Platform smart-lamp is deleted, with 1 release; 2 devices are now on no whitelist." {
			t.Errorf("said %q", got)
		}
		if got := a.text(t, "#new-device-a4cf12b3c401"); !strings.Contains(got, "Room 201") {
			t.Errorf("its notes are lost: %q", got)
		}
		b.get("/platforms/smart-lamp", 404)
		b.submit("/platforms", url.Values{"name": {"dbl"}}, 303)
		b.submit("/platforms/dbl?_method=DELETE", nil, 303)
		if got := b.get("/platforms", 200).text(t, "#flash"); got != "Platform dbl is deleted, with no releases." {
			t.Errorf("without devices, said %q", got)
		}
	})
}

// past is a database that remembers what devices ran on days gone by.
type past struct {
	*db.History
	days []fleet.Adoption
}

func (p past) Adoption(context.Context, string) ([]fleet.Adoption, error) { return p.days, nil }

func TestPlatformPageTellsVersions(t *testing.T) {
	t.Parallel()
	days := []fleet.Adoption{
		{Day: "2026-03-01", Version: "v1.0.1", Devices: 1}, {Day: "2026-03-01", Version: "dev", Devices: 1},
		{Day: "2026-03-04", Version: "v1.0.2", Devices: 3},
	}
	for _, v := range []string{"v0.1.0", "v0.2.0", "v0.3.0", "v0.4.0", "v0.5.0"} {
		days = append(days, fleet.Adoption{Day: "2026-03-04", Version: v, Devices: 1})
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d, func(c *handlers.Config) { c.History = past{d.History, days} }), sessionOf(t, d, "admin@example.com")}
		a := b.get("/platforms/smart-lamp", 200)
		if got := a.text(t, ".legend"); got != "v1.0.2 0 now v1.0.1 1 now v0.5.0 0 now v0.4.0 0 now v0.3.0 0 now v0.2.0 0 now older 0 now" {
			t.Errorf("the legend says %q", got)
		}
		if got := a.doc.Find("svg.version-chart[role=img]").AttrOr("aria-label", ""); !strings.HasPrefix(got, "Devices by version from 2026-03-01 to 2026-03-04. At first 1 device ran v1.0.1, 1 device ran older; at last 3 devices ran v1.0.2, ") {
			t.Errorf("the chart says %q", got)
		}
		if n := a.doc.Find("svg.version-chart rect").Length(); n != 8 {
			t.Errorf("%d blocks", n)
		}
		if got := a.text(t, ".version-table tbody tr:first-child"); got != "2026-03-043011111" {
			t.Errorf("the table says %q", got)
		}
		if got := a.text(t, ".facts"); !strings.Contains(got, "waiting 1 waiting") || !a.has(".facts a[href='/platforms/smart-lamp?state=waiting#whitelist']") {
			t.Errorf("the states: %q", got)
		}
	})
}

// TestSketchesReachTheServer as boards do, whatever the browser calls it.
func TestSketchesReachTheServer(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	as := sessionOf(t, d, "admin@example.com")
	public, _ := url.Parse("https://ota.example.com/")
	for name, row := range map[string]struct {
		public *url.URL
		host   string
		want   string
		tls    bool
	}{
		"as the settings say": {public, "192.0.2.1", "https://ota.example.com/", true},
		"as the browser does": {nil, "192.0.2.1:5000", "http://192.0.2.1:5000/", false},
		"by a name":           {nil, "pi.local:5000", "http://pi.local:5000/", false},
		"by IPv6":             {nil, "[2001:db8::1]:5000", "http://[2001:db8::1]:5000/", false},
		"from the same desk":  {nil, "localhost:5000", "http://198.51.100.7:5000/", false},
		"by its own address":  {nil, "127.0.0.1:5000", "http://198.51.100.7:5000/", false},
		"by nonsense":         {nil, `x");evil(`, "http://198.51.100.7:5000/", false},
	} {
		t.Run(name, func(t *testing.T) {
			app := newApp(t, d, func(c *handlers.Config) { c.PublicURL, c.LocalURL = row.public, "http://198.51.100.7:5000" })
			a := ask(t, app, request{path: "/platforms/smart-lamp", as: as, header: map[string]string{"Host": row.host, "X-Forwarded-Proto": "https"}})
			for _, id := range []string{"#sketch-esp32", "#sketch-esp8266"} {
				got := a.wants(t, 200).doc.Find(id).Text()
				if !strings.Contains(got, `#define UPDATE_SERVER "`+row.want+`"`) || !strings.Contains(got, `#define PLATFORM "smart-lamp"`) {
					t.Errorf("%s:\n%s", id, got)
				}
				if strings.Contains(got, "WiFiClientSecure client;") != row.tls || strings.Contains(got, "#include <WiFiClientSecure.h>") != row.tls {
					t.Errorf("%s, TLS %v:\n%s", id, row.tls, got)
				}
			}
		})
	}
}
