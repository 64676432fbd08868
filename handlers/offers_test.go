package handlers_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// publish uploads and publishes a version of smart-lamp.
func (b *browser) publish(version string) {
	b.t.Helper()
	draft := draftOf(b.t, b.upload("lamp.bin", firmwaretest.Lamp(version), nil, 200))
	b.submit("/platforms/smart-lamp/firmware", url.Values{"upload": {draft}}, 303)
}

func TestWithdrawAndOffer(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		b.publish("v1.0.3")
		checkIn(t, d, "a4cf12b3c401", "smart-lamp", "v1.0.3")
		href, _ := b.get("/platforms/smart-lamp", 200).doc.Find("tr.is-offered a[href$='/release/delete']").Attr("href")
		ask := b.get(href, 200)
		if got := ask.text(t, "main ul"); !strings.Contains(got, "v1.0.2 is offered again.") || !strings.Contains(got, "1 device runs v1.0.3 already and keeps it until a higher version comes") {
			t.Errorf("asks %q", got)
		}
		b.submit("/platforms/smart-lamp/release?_method=DELETE", url.Values{"version": {"v1.0.3"}}, 303)
		page := b.get("/platforms/smart-lamp", 200)
		if got := page.text(t, "#flash"); got != "v1.0.3 is withdrawn: smart-lamp offers v1.0.2 again." {
			t.Errorf("said %q", got)
		}
		if got := page.text(t, "tr.is-offered"); !strings.HasPrefix(got, "v1.0.2 offered") {
			t.Errorf("offers %q", got)
		}
		if got := page.text(t, "table.releases tbody tr:first-child"); !strings.HasPrefix(got, "v1.0.3 withdrawn") {
			t.Errorf("listed as %q", got)
		}
		b.submit("/platforms/smart-lamp/release?_method=DELETE", url.Values{"version": {"v1.0.3"}}, 409) // twice
		if got := b.upload("lamp.bin", firmwaretest.Lamp("v1.0.3-rc1"), nil, 422).text(t, ".verdict"); !strings.Contains(got, "not higher than v1.0.3") {
			t.Errorf("a version below the withdrawn one: %q", got)
		}

		if got := b.get("/platforms/smart-lamp/release/delete", 200).text(t, "main ul"); !strings.Contains(got, "Nothing is offered then") || !strings.Contains(got, "No device is known to run v1.0.2") {
			t.Errorf("asks %q", got)
		}
		b.submit("/platforms/smart-lamp/release?_method=DELETE", url.Values{"version": {"v1.0.2"}}, 303)
		if got := b.get("/platforms/smart-lamp", 200).text(t, "#flash"); got != "v1.0.2 is withdrawn: smart-lamp offers nothing now." {
			t.Errorf("said %q", got)
		}
		b.get("/platforms/smart-lamp/release/delete", 404)

		if got := b.get("/platforms/smart-lamp/release/edit?version=v1.0.2", 200).text(t, "main ul"); !strings.Contains(got, "It was withdrawn") || !strings.Contains(got, "1 device runs a higher version and keeps it") {
			t.Errorf("asks %q", got)
		}
		b.submit("/platforms/smart-lamp/release?_method=PUT", url.Values{"version": {"1.0.2"}}, 303)
		if r, err := d.Releases.Offered(context.Background(), "smart-lamp"); err != nil || r.Version.String() != "v1.0.2" || r.WithdrawnAt != nil {
			t.Errorf("%+v, %v", r, err)
		}
		b.submit("/platforms/smart-lamp/release?_method=PUT", url.Values{"version": {"v7.0.0"}}, 404)
		b.submit("/platforms/smart-lamp/release?_method=PUT", url.Values{"version": {"seven"}}, 422)
		b.submit("/platforms/toaster/release?_method=PUT", url.Values{"version": {"v1.0.2"}}, 404)
		b.submit("/platforms/toaster/release?_method=DELETE", url.Values{"version": {"v1.0.2"}}, 409)
	})
}
