package handlers_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestActivityPages searches, pages, exports, and shows an entry with its devices.
func TestActivityPages(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		if got := (&browser{t, b.app, signedIn(t, d, account.Viewer)}).get("/activity?q=nothing+of+that+sort", 200).text(t, "#activity"); !strings.Contains(got, "Nothing that was changed matches.") {
			t.Errorf("empty: %q", got)
		}
		lamps(t, b, 120)
		b.submit("/platforms", url.Values{"name": {"plug"}, "notes": {`=HYPERLINK("http://evil.example")<script>alert(1)</script>`}}, 303)
		for _, c := range []struct{ query, want string }{
			{"q=120+DEVICES", "saved 120 devices from a list"}, {"q=a4:cf:12:b3:00:07", "saved 120 devices from a list"},
			{"q=plug&kind=platforms&by=admin%40example.com", "created the platform plug"}, {"kind=sign-ins&q=viewer", "signed in"},
		} {
			a := b.part("/activity?"+c.query, 200)
			if got := a.text(t, "#activity"); a.doc.Find("#activity tr").Length() != 1 || !strings.Contains(got, c.want) {
				t.Errorf("%s finds %q", c.query, got)
			}
		}
		b.get("/activity?kind=nonsense", 422)
		b.get("/activity?after=%27", 422)
		b.get("/activity/00", 404)

		entry := b.part("/activity?q=120+devices", 200).doc.Find("#activity a").AttrOr("href", "")
		a := b.get(entry, 200)
		if n := a.doc.Find("tbody tr").Length(); n != 100 || !strings.Contains(a.text(t, "tbody tr:first-child"), "A4:CF:12:B3:00:00 platform: none → smart-lamp; notes: none → Room 0") {
			t.Errorf("%d devices: %s", n, a.text(t, "tbody tr:first-child"))
		}
		if a = b.get(a.doc.Find("nav.pages a").AttrOr("href", ""), 200); a.doc.Find("tbody tr").Length() != 20 || a.has("nav.pages") {
			t.Errorf("%d devices follow", a.doc.Find("tbody tr").Length())
		}

		a = b.get("/activity/export?kind=platforms", 200)
		lines, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
		if err != nil || len(lines) != 4 || lines[1][1] != "admin@example.com" || lines[1][6] != "plug" {
			t.Errorf("%v, %q", err, lines)
		}
		for _, line := range lines {
			for _, cell := range line {
				if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
					t.Errorf("a formula: %q", cell)
				}
			}
		}
		for n := range 110 {
			b.submit("/platforms/plug?_method=PUT", url.Values{"notes": {strings.Repeat("x", n+1)}}, 303)
		}
		seen, path := 0, "/activity"
		for path != "" {
			a := b.part(path, 200)
			if a.has("#activity[data-live-part]") != (seen == 0) {
				t.Errorf("%s changes by itself, or does not", path)
			}
			seen += a.doc.Find("#activity tr").Length()
			path = a.doc.Find("a[rel=next]").AttrOr("href", "")
		}
		if all := strings.Count(b.get("/activity/export", 200).body, "\n") - 1; seen != all || seen < 115 {
			t.Errorf("paged through %d entries of %d", seen, all)
		}
	})
}

// TestActivityIsLive holds that an open page hears of a change.
func TestActivityIsLive(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		base, cookie := "http://"+serve(t, d), sessionOf(t, d, "admin@example.com")
		page := ask(t, newApp(t, d), request{path: "/activity", as: cookie})
		if on := page.doc.Find("#main").AttrOr("data-live", ""); on != "activity" {
			t.Fatalf("the page listens to %q", on)
		}
		time.Sleep(1100 * time.Millisecond) // what was set up is older than the page
		events := listenTo(t, base, cookie, "on=activity"+now())
		next(t, events, "beat")
		r, err := http.NewRequest("POST", base+"/platforms/smart-lamp?_method=PUT", strings.NewReader("notes=Cellar"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Cookie": {cookie}, "Content-Type": {"application/x-www-form-urlencoded"}}
		a, err := http.DefaultTransport.RoundTrip(r)
		if err != nil || a.StatusCode != 303 {
			t.Fatalf("%v, %v", a, err)
		}
		_ = a.Body.Close()
		next(t, events, "page")
	})
}
