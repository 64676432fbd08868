package handlers_test

import (
	"log/slog"
	"net/url"
	"testing"

	"esp-update-server/app/live"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// process is one of several that share a Postgres: its database, its hub, and
// what makes a server of a configuration one of this process.
func process(t *testing.T, c db.Config) (d *db.DB, hub *live.Hub, join func(*handlers.Config)) {
	t.Helper()
	d, hub = dbtest.Open(t, c), live.NewHub()
	notifier, err := d.Notify(hub, slog.New(slog.DiscardHandler), func() {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(notifier.Close)
	return d, hub, func(c *handlers.Config) { c.Hub, c.Announce = hub, notifier }
}

// TestCountsFollowAnotherProcess holds that what somebody changed there is counted
// here once it was told, however fresh the numbers are.
func TestCountsFollowAnotherProcess(t *testing.T) {
	t.Parallel()
	c := dbtest.Postgres(t)
	d, _, join := process(t, c)
	fillFleet(t, d)
	there := &browser{t, newApp(t, d, join), sessionOf(t, d, "admin@example.com")}
	d, hub, join := process(t, c)
	here := &browser{t, newApp(t, d, join), there.as}
	after := func(path string, fields url.Values) string {
		told := hub.Listen()
		defer told.Close()
		there.submit(path, fields, 303)
		for come := false; !come; _, come = told.Take()[live.Fleet] {
			told.Wait(t.Context())
		}
		return here.get("/devices", 200).text(t, "#device-states a:first-child .many")
	}
	for range 3 {
		with := after("/devices", url.Values{"mac": {"a4cf12b3c4fe"}, "platform": {"smart-lamp"}})
		if without := after("/devices/a4cf12b3c4fe?_method=DELETE", nil); with != "3" || without != "2" {
			t.Errorf("%s devices, and then %s", with, without)
		}
	}
}
