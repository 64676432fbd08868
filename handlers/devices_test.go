package handlers_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

func TestAddDevice(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		b.submit("/platforms", url.Values{"name": {"smart-lamp"}}, 303)
		b.submit("/platforms", url.Values{"name": {"door-sensor"}}, 303)
		a := b.submit("/devices", url.Values{"mac": {"A4:CF:12"}, "platform": {"smart-lamp"}, "notes": {"Room 1"}}, 422)
		if !strings.Contains(a.text(t, "#mac-error"), "is not a MAC address") || a.doc.Find("#mac").AttrOr("value", "") != "A4:CF:12" ||
			a.doc.Find("#device-notes").AttrOr("value", "") != "Room 1" || a.doc.Find("option[selected]").AttrOr("value", "") != "smart-lamp" {
			t.Errorf("a wrong MAC: %s", a.body)
		}
		b.submit("/devices", url.Values{"mac": {"a4cf12b3c401"}}, 422).text(t, "#platform-error")
		b.submit("/devices", url.Values{"mac": {"a4cf12b3c401"}, "platform": {"gone"}}, 422).text(t, "#platform-error")
		b.submit("/devices", url.Values{"mac": {"a4-cf-12-b3-c4-01"}, "platform": {"smart-lamp"}, "notes": {"Room 1"}}, 303)
		a = b.get("/platforms/smart-lamp", 200)
		if got := a.text(t, "#device-a4cf12b3c401"); !strings.Contains(got, "A4:CF:12:B3:C4:01 waiting smart-lamp") || !strings.Contains(got, "Room 1") {
			t.Errorf("listed as %q", got)
		}
		a = b.send("POST", "/devices", url.Values{"mac": {"A4CF.12B3.C402"}, "platform": {"smart-lamp"}, "fixed": {"1"}}, 200)
		if a.doc.Find("#mac").AttrOr("value", "") != "" || !strings.Contains(a.body, `hx-swap-oob="afterbegin:#devices"`) || !strings.Contains(a.body, `id="device-a4cf12b3c402"`) {
			t.Errorf("in place: %s", a.body)
		}
		a = b.send("POST", "/devices", url.Values{"mac": {"A4CF.12B3.C403"}, "platform": {"smart-lamp"}}, 200)
		if a.doc.Find("#mac").AttrOr("value", "") != "" || !a.has("#platform option[value=smart-lamp]") || strings.Contains(a.body, "#devices") {
			t.Errorf("on the page of the form alone, which has no table: %s", a.body)
		}
	})
}

// TestDeviceOnAnotherWhitelist says where it is and moves it only when told.
func TestDeviceOnAnotherWhitelist(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		b.submit("/platforms", url.Values{"name": {"smart-lamp"}}, 303)
		b.submit("/platforms", url.Values{"name": {"door-sensor"}}, 303)
		b.submit("/devices", url.Values{"mac": {"a4cf12b3c401"}, "platform": {"smart-lamp"}, "notes": {"Room 1"}}, 303)
		again := url.Values{"mac": {"a4cf12b3c401"}, "platform": {"door-sensor"}}
		for _, a := range []*answer{b.submit("/devices", again, 409), b.send("POST", "/devices", again, 409)} {
			if got := a.text(t, "#mac-error"); !strings.Contains(got, "on the whitelist of smart-lamp") {
				t.Errorf("says %q", got)
			}
			if got := a.text(t, "button[name=move][value='1']"); got != "Move it to door-sensor" {
				t.Errorf("offers %q", got)
			}
		}
		again.Set("move", "1")
		b.submit("/devices", again, 303)
		if got := b.get("/platforms/door-sensor", 200).text(t, "#device-a4cf12b3c401"); !strings.Contains(got, "Room 1") {
			t.Errorf("moved without its notes: %q", got)
		}
	})
}

func TestEditDeviceInline(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		path := "/devices/a4cf12b3c401"
		edit := b.part(path+"/edit?field=notes", 200)
		if !edit.has("tr#device-a4cf12b3c401-edit form[hx-put^='"+path+"']") || edit.doc.Find("[name=notes]").AttrOr("value", "") != "Room 201" {
			t.Errorf("edited in %s", edit.body)
		}
		saved := b.send("PUT", path+"?field=notes", url.Values{"notes": {"Room 202"}, "was-platform": {"smart-lamp"}, "was-notes": {"Room 201"}}, 200)
		if got := saved.text(t, "tr#device-a4cf12b3c401 .c-notes"); got != "Room 202" {
			t.Errorf("saved as %q", got)
		}
		if got := saved.text(t, "tr .c-platform"); got != "smart-lamp" {
			t.Errorf("a field that was not sent changed: platform %q", got)
		}
		if got := b.part(path, 200).text(t, "tr .c-state"); got != "refused" {
			t.Errorf("state %q", got)
		}
		wrong := b.send("PUT", path+"?field=platform", url.Values{"platform": {"gone"}}, 422)
		if !wrong.has("tr.is-edited select[aria-invalid]") {
			t.Errorf("refused as %s", wrong.body)
		}
		wrong = b.send("PUT", path+"?field=notes", url.Values{"notes": {strings.Repeat("x", 2001)}}, 422)
		if !wrong.has("tr.is-edited input[name=notes][aria-invalid]") {
			t.Errorf("refused as %s", wrong.body)
		}
		page := b.submit(path+"?_method=PUT", url.Values{"platform": {""}, "notes": {strings.Repeat("x", 2001)}}, 422)
		if !page.has("#notes-error") || !page.has("h1") {
			t.Error("the page does not say what is wrong")
		}
		b.submit(path+"?_method=PUT", url.Values{"platform": {""}, "notes": {"Shelf"}}, 303)
		if got := b.get("/new-devices", 200).text(t, "#new-device-a4cf12b3c401 .c-notes"); got != "Shelf" {
			t.Errorf("among new devices with %q", got)
		}
	})
}

func TestRevokeAndForget(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		a := b.send("DELETE", "/devices/a4cf12b3c401/permit", nil, 200)
		if a.has("tr") || a.text(t, "#new-count[hx-swap-oob]") != "3" || !strings.Contains(a.text(t, "#flash"), "is revoked") {
			t.Errorf("revoked: %s", a.body)
		}
		if got := b.get("/new-devices", 200).text(t, "#new-device-a4cf12b3c401 .c-notes"); got != "Room 201" {
			t.Errorf("kept notes %q", got)
		}
		b.submit("/devices/a4cf12b3c404/permit?_method=DELETE", nil, 303)
		b.send("DELETE", "/devices/a4cf12b3c401", nil, 200)
		b.get("/devices/a4cf12b3c401", 404)
		b.submit("/devices/a4cf12b3c404?_method=DELETE", nil, 303)
		b.send("DELETE", "/devices/a4cf12b3c404", nil, 404).text(t, ".is-problem")
	})
}

func TestNewDevices(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		if !b.get("/new-devices", 200).has(".empty-state") {
			t.Error("an empty queue says nothing")
		}
		b.submit("/platforms", url.Values{"name": {"smart-lamp"}}, 303)
		checkIn(t, d, "a4cf12b3c401", "SMART_LAMP", "v1.0.1")
		checkIn(t, d, "a4cf12b3c402", "<b>Garden</b>", "2021-11-11b")
		checkIn(t, d, "a4cf12b3c403", "Garden_Pump", "dev")
		a := b.get("/new-devices", 200)
		if got := a.text(t, "#new-devices tr:first-child"); !strings.Contains(got, "A4:CF:12:B3:C4:03 Garden_Pump dev") || !strings.Contains(got, "192.0.2.7") {
			t.Errorf("the newest is %q", got)
		}
		for mac, want := range map[string]string{"01": "smart-lamp", "02": "choose …", "03": "create garden-pump"} {
			if got := a.text(t, "#permit-a4cf12b3c4"+mac+" option[selected]"); got != want {
				t.Errorf("%s: preselected %q, want %q", mac, got, want)
			}
		}
		one := b.send("PUT", "/devices/a4cf12b3c401/permit", url.Values{"platform": {"smart-lamp"}}, 200)
		if one.has("tr") || one.text(t, "#new-count") != "2" {
			t.Errorf("permitted: %s", one.body)
		}
		for _, chosen := range []string{"", "gone"} {
			wrong := b.send("PUT", "/devices/a4cf12b3c402/permit", url.Values{"platform": {chosen}}, 422)
			if !wrong.has("tr#new-device-a4cf12b3c402 select[aria-invalid]") {
				t.Errorf("%q: %s", chosen, wrong.body)
			}
		}
		b.submit("/devices/a4cf12b3c402/permit?_method=PUT", url.Values{"platform": {""}}, 422).text(t, "#permit-error-a4cf12b3c402")
		b.submit("/devices/a4cf12b3c403/permit?_method=PUT", url.Values{"platform": {"garden-pump"}, "create": {"garden-pump"}}, 303)
		if got := b.get("/platforms/garden-pump", 200).text(t, "#device-a4cf12b3c403"); !strings.Contains(got, "A4:CF:12:B3:C4:03") {
			t.Errorf("created: %q", got)
		}
	})
}

func TestSearchDevices(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		for _, name := range []string{"smart-lamp", "door-sensor"} {
			b.submit("/platforms", url.Values{"name": {name}}, 303)
		}
		for i := range 105 {
			b.submit("/devices", url.Values{"mac": {fmt.Sprintf("a4cf12b3%04x", i)}, "platform": {"smart-lamp"}, "notes": {fmt.Sprint("Room ", i)}}, 303)
		}
		b.submit("/devices", url.Values{"mac": {"a4cf12b3ffff"}, "platform": {"door-sensor"}}, 303)
		checkIn(t, d, "deadbeef0001", "smart-lamp", "v1.0.0")
		first := b.part("/devices", 200)
		next, _ := first.doc.Find("#page-next").Attr("href")
		if n := first.doc.Find("tbody tr[id]").Length(); n != 100 || next == "" || first.has("#page-previous") {
			t.Fatalf("%d rows, the next at %q", n, next)
		}
		rest := b.part(next, 200)
		back, _ := rest.doc.Find("#page-previous").Attr("href")
		if n := rest.doc.Find("tbody tr[id]").Length(); n != 6 || rest.has("#page-next") || back == "" {
			t.Errorf("%d more rows, back at %q", n, back)
		}
		if again := b.part(back, 200); again.text(t, "tbody") != first.text(t, "tbody") {
			t.Error("back is not where it began")
		}
		for query, want := range map[string]int{"q=b3%3Aff%3Aff": 1, "q=room+104": 1, "q=deadbeef": 0, "q=deadbeef&state=new": 1, "platform=door-sensor": 1, "platform=door-sensor&q=room": 0, "state=waiting&q=room+10": 6} {
			a := b.part("/devices?"+query, 200)
			if n := a.doc.Find("tbody tr[id]").Length(); n != want || (want == 0) != a.has("tr.empty") {
				t.Errorf("%s: %d rows, want %d", query, n, want)
			}
		}
		if to, _ := b.part("/devices?q=deadbeef", 200).doc.Find("tr.empty a").Attr("href"); to != "/devices?q=deadbeef&state=new" {
			t.Errorf("a new device is looked for at %q", to)
		}
		for query, want := range map[string]string{"q=room": "More than 100 devices match.", "q=room+10": "6 devices match.", "q=room+104": "1 device matches."} {
			found := b.get("/devices?platform=smart-lamp&"+query, 200)
			if got := found.text(t, "#device-table [role=status]"); got != want+" Clear the search" || !found.has("[role=status] a[href='/devices?platform=smart-lamp']") {
				t.Errorf("%s: %q", query, got)
			}
		}
		if !b.get("/devices?q=deadbeef&sort=notes", 200).has("tr.empty a[href='/devices?sort=notes']") || b.get("/devices", 200).has("#device-table [role=status]") {
			t.Error("a search cannot be cleared, or there is none")
		}
		a := b.get("/devices?q=room+104&platform=smart-lamp", 200)
		if a.doc.Find("#q").AttrOr("value", "") != "room 104" || a.text(t, "#filter-platform option[selected]") != "smart-lamp" {
			t.Error("the form forgets what was asked")
		}
		if vary := a.header.Get("Vary"); !strings.Contains(vary, "HX-Request") {
			t.Errorf("Vary %q", vary)
		}
	})
}
