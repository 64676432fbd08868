package handlers_test

import (
	"context"
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
	b := &browser{t, newApp(t, d, func(h *handlers.Config) { h.Platforms = c }), signedIn(t, d, account.Admin)}
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
