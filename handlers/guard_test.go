package handlers_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// clocked is platforms that note until when they may be looked up and deleted.
type clocked struct {
	*db.Platforms
	mu    sync.Mutex
	until map[string]time.Time // by what was done; zero for as long as it takes
}

func (c *clocked) note(ctx context.Context, what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until[what], _ = ctx.Deadline()
}

func (c *clocked) Find(ctx context.Context, name string) (*fleet.Platform, error) {
	c.note(ctx, "found")
	return c.Platforms.Find(ctx, name)
}

func (c *clocked) Delete(ctx context.Context, name string) error {
	c.note(ctx, "deleted")
	return c.Platforms.Delete(ctx, name)
}

// TestRequestsAreTimed holds that people and scripts hear in time of a database
// that says nothing, before a router on the way gives up after 30 seconds, and that
// nothing cuts off what may take long.
func TestRequestsAreTimed(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	world(t, d)
	c := &clocked{Platforms: d.Platforms, until: map[string]time.Time{}}
	b := &browser{t, newApp(t, d, func(h *handlers.Config) { h.Platforms, h.Patience = c, 1 }), signedIn(t, d, account.Admin)}
	b.get("/platforms/smart-lamp", 200)
	if in := time.Until(c.until["found"]); in < 0 || in > 25*time.Second {
		t.Errorf("a page may take %v", in)
	}
	b.submit("/platforms/smart-lamp?_method=DELETE", nil, 303)
	if until, done := c.until["deleted"]; !done || !until.IsZero() {
		t.Errorf("deleting a platform is cut off: %v, %v", done, until)
	}
}

// TestWhatWentWrongIsTold holds that the page which says so looks up what it shows
// beside, though the time of the request is over.
func TestWhatWentWrongIsTold(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	world(t, d)
	if err := d.Devices.Add(t.Context(), "18fe34000077", "smart-lamp", "", "", false); err != nil {
		t.Fatal(err)
	}
	none := ""
	if err := d.Devices.Edit(t.Context(), "18fe34000077", fleet.DeviceChange{Platform: &none}); err != nil {
		t.Fatal(err)
	}
	b := &browser{t, newApp(t, d), signedIn(t, d, account.Admin)}
	want := b.get("/platforms", 200).text(t, "#new-count")
	if got := b.get("/platforms/nope", 404).text(t, "#new-count"); got != want || want == "0" {
		t.Errorf("%q new devices; want %q", got, want)
	}
}

// TestLostEditsAreTold leads who saved something after the session had ended back
// to where they were, and says that it was not saved.
func TestLostEditsAreTold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		app := newApp(t, d)
		for name, c := range map[string]struct {
			r    request
			to   string
			lost bool
		}{
			"an edit": {request{method: "PUT", path: "/devices/aabbccddeeff", htmx: true, form: url.Values{"notes": {"x"}},
				header: map[string]string{"HX-Current-URL": "https://esp.example/devices?q=room+1"}}, "/devices?q=room+1", true},
			"a look": {request{path: "/devices", htmx: true,
				header: map[string]string{"HX-Current-URL": "https://esp.example/platforms/lamp"}}, "/platforms/lamp", false},
			"another site": {request{method: "DELETE", path: "/devices/aabbccddeeff", htmx: true,
				header: map[string]string{"HX-Current-URL": "https://esp.example//evil.example"}}, "", true},
			"a plain form": {request{method: "POST", path: "/platforms", form: url.Values{"name": {"x"}}}, "", true},
			"a plain page": {request{path: "/platforms"}, "/platforms", false},
		} {
			a := ask(t, app, c.r)
			page := ask(t, app, request{path: a.header.Get("HX-Redirect") + a.header.Get("Location")}).wants(t, 200)
			if got := page.doc.Find("input[name=to]").AttrOr("value", ""); got != c.to {
				t.Errorf("%s leads on to %q", name, got)
			}
			if got := strings.Contains(page.text(t, "article"), "You were signed out. What you sent last was not saved"); got != c.lost {
				t.Errorf("%s: told that it is lost: %v", name, got)
			}
		}
	})
}
