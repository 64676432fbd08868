package handlers_test

import (
	"net/url"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestWhatIsNoTextIsRefusedAlike sends bytes that no text can have where people
// name something: on each engine there is no such thing, and nothing breaks.
func TestWhatIsNoTextIsRefusedAlike(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := newBrowser(t, d, account.Plain)
		b.as = sessionOf(t, d, "admin@example.com")
		for _, bad := range []string{"la\xffmp", "la\x00mp", "\xf0\x28"} {
			of := url.Values{"platform": {bad}}
			b.submit("/devices/a4cf12b3c401?_method=PUT", of, 422)
			b.submit("/devices/a4cf12b3c402/permit?_method=PUT", of, 422)
			b.submit("/devices", url.Values{"platform": {bad}, "mac": {"a4cf12b3c40a"}}, 422)
			b.submit("/devices/import?_method=PUT", url.Values{"platform": {bad}, "list": {"a4cf12b3c40a"}}, 422)
			b.submit("/selection/permit?_method=PUT", url.Values{"mac": {"a4cf12b3c402"}, "to": {bad}, "count": {"1"}}, 422)
			b.get("/uploads/"+url.PathEscape(bad), 404)
			b.submit("/uploads/"+url.PathEscape(bad)+"?_method=DELETE", nil, 303)
			b.get("/platforms/smart-lamp/release/delete?version=v1.0.2&filesystem="+url.QueryEscape(bad), 404)
			b.get("/platforms/"+url.PathEscape(bad), 404)
		}
	})
}
