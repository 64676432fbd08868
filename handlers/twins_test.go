package handlers_test

import (
	"net/url"
	"strings"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestTwoBoardsOfOneMAC shows on the pages what boards that take turns look like,
// hostile ones too, until an admin dismisses it.
func TestTwoBoardsOfOneMAC(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		asks := func(mac, flash, sdk string) {
			ask(t, b.app, request{path: "/update?dev=smart-lamp&ver=v1.0.1", header: map[string]string{
				"x-ESP8266-STA-MAC": mac, "x-ESP8266-chip-size": flash, "x-ESP8266-sdk-version": sdk}})
		}
		const mac, stranger = "A4:CF:12:B3:C4:01", "A4:CF:12:B3:C4:77"
		for _, m := range []string{mac, stranger} {
			asks(m, "1048576", "2.2.1")
			asks(m, "4194304", "<img src=x onerror=alert(1)>")
		}
		if got := b.get("/devices/a4cf12b3c401", 200); got.has("#device-twins .notice") {
			t.Error("a change that may be an update is told of")
		}
		for _, m := range []string{mac, stranger} {
			asks(m, "1048576", "2.2.1")
		}
		a := b.get("/devices/a4cf12b3c401", 200)
		checkPage(t, "/devices/a4cf12b3c401", a)
		if got := a.text(t, "#device-twins"); !strings.Contains(got, "flash of 1.0 MiB and 4.0 MiB, SDK 2.2.1 and <img_src=x_onerror=alert(1)>") || !strings.Contains(got, "1 time") || a.has("main img") {
			t.Error(got)
		}
		if got := a.text(t, "#device-history"); !strings.Contains(got, "It seems to be two boards, in turns: flash of 1.0 MiB and 4.0 MiB") {
			t.Error(got)
		}
		problems := b.get("/", 200)
		if got := problems.text(t, "#problems"); !strings.Contains(got, "Two boards seem to report the MAC "+mac) || strings.Contains(got, stranger) || !problems.has("#problems a[href='/devices/a4cf12b3c401']") {
			t.Error(got)
		}
		viewer := &browser{t, b.app, signedIn(t, d, account.Viewer)}
		if viewer.get("/devices/a4cf12b3c401", 200).has("#device-twins form") {
			t.Error("a viewer may dismiss it")
		}
		viewer.submit("/devices/a4cf12b3c401/twins?_method=DELETE", url.Values{}, 403)
		action, _ := a.doc.Find("#device-twins form[method=post]").Attr("action")
		b.submit(action, url.Values{}, 303)
		asks(mac, "4194304", "<img src=x onerror=alert(1)>")
		if b.get("/devices/a4cf12b3c401", 200).has("#device-twins .notice") || strings.Contains(b.get("/", 200).body, "Two boards") {
			t.Error("it is told of after it was dismissed")
		}
	})
}
