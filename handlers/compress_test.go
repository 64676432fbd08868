package handlers_test

import (
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"esp-update-server/db/dbtest"
)

// TestFirstLoadIsSmall adds up what a browser fetches that was never here.
func TestFirstLoadIsSmall(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	app, admin := newApp(t, d), sessionOf(t, d, "admin@example.com")
	plain := ask(t, app, request{path: "/devices", as: admin}).wants(t, 200)
	fetched, total := map[string]bool{"/devices": true}, 0
	plain.doc.Find("link[href], script[src], img[src], use[href]").Each(func(_ int, e *goquery.Selection) {
		for _, name := range []string{"href", "src"} {
			if path, ok := e.Attr(name); ok {
				path, _, _ = strings.Cut(path, "#")
				fetched[path] = true
			}
		}
	})
	for _, encoding := range []string{"gzip", "gzip, deflate, br"} {
		total = 0
		for path := range fetched {
			a := ask(t, app, request{path: path, as: admin, header: map[string]string{"Accept-Encoding": encoding}}).wants(t, 200)
			total += len(a.body) + 400 // of headers
			if len(a.body) > 4096 && a.header.Get("Content-Encoding") == "" {
				t.Errorf("%s is not compressed", path)
			}
		}
		t.Logf("with %q the first load of the devices page is %d KB in %d requests", encoding, total>>10, len(fetched))
		if total > 120<<10 {
			t.Errorf("%d bytes", total)
		}
	}
}

// TestOnlyPagesAreCompressed holds that boards get every byte as it is, whatever
// they say they accept.
func TestOnlyPagesAreCompressed(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	app := newApp(t, d)
	header := map[string]string{"Accept-Encoding": "gzip, br", "x-ESP8266-STA-MAC": "A4:CF:12:B3:C4:01"}
	for _, path := range []string{"/update?dev=smart-lamp&ver=v1.0.0", "/update?dev=smart-lamp&ver=v9", "/update?dev=nothing&ver=1", "/healthz"} {
		if a := ask(t, app, request{path: path, header: header}); a.header.Get("Content-Encoding") != "" {
			t.Errorf("%s is compressed", path)
		}
	}
	if a := ask(t, app, request{path: "/session/new", header: map[string]string{"Accept-Encoding": "br;q=0, gzip"}}); a.header.Get("Content-Encoding") != "gzip" || !strings.Contains(a.header.Get("Vary"), "Accept-Encoding") {
		t.Errorf("%v", a.header)
	}
}
