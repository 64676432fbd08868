package handlers_test

import (
	"net/url"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/live"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// TestWhitelistsAreLive holds that the open pages of platforms hear of devices
// that join or leave a whitelist, by whichever door.
func TestWhitelistsAreLive(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	hub := live.NewHub()
	share := func(c *handlers.Config) { c.Hub = hub }
	base := "http://" + serve(t, d, share)
	b := &browser{t, newApp(t, d, share), sessionOf(t, d, "admin@example.com")}
	api := &script{t, b.app, token(t, d, account.Admin, account.Write)}
	time.Sleep(1100 * time.Millisecond) // what was set up is older than the pages
	streams := map[string]<-chan event{}
	for _, path := range []string{"/platforms/smart-lamp", "/platforms"} {
		topics, _ := b.get(path, 200).doc.Find("main").Attr("data-live")
		streams[path] = listenTo(t, base, b.as, url.Values{"on": {topics}}.Encode()+now())
		next(t, streams[path], "beat")
	}
	picked := url.Values{"mac": {"a4cf12b3c402", "a4cf12b3c403"}, "to": {"smart-lamp"}, "count": {"2"}}
	for name, change := range map[string]func(){
		"a form":              func() { b.submit("/devices", url.Values{"mac": {"a4cf12b3c405"}, "platform": {"smart-lamp"}}, 303) },
		"a script permits":    func() { api.call("PUT", "/api/v1/devices/a4cf12b3c406", `{"platform":"smart-lamp"}`, 201) },
		"a script forgets":    func() { api.call("DELETE", "/api/v1/devices/a4cf12b3c404", ``, 204) },
		"several are picked":  func() { b.submit("/selection/permit?_method=PUT", picked, 303) },
		"one is revoked":      func() { b.submit("/devices/a4cf12b3c401/permit?_method=DELETE", nil, 303) },
		"a list is pasted in": func() { b.submit("/devices/import?_method=PUT", url.Values{"list": {"a4cf12b3c407,smart-lamp"}}, 303) },
	} {
		for _, events := range streams { // what the change before told
			time.Sleep(300 * time.Millisecond)
			for len(events) > 0 {
				<-events
			}
		}
		t.Log(name)
		change()
		for _, events := range streams {
			next(t, events, "page")
		}
	}
}
