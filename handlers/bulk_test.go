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

// lamps makes two platforms and so many devices on the first.
func lamps(t *testing.T, b *browser, n int) {
	t.Helper()
	for _, name := range []string{"smart-lamp", "door-sensor"} {
		b.submit("/platforms", url.Values{"name": {name}}, 303)
	}
	var list strings.Builder
	for i := range n {
		fmt.Fprintf(&list, "a4cf12b3%04x,smart-lamp,Room %d\n", i, i)
	}
	b.submit("/devices/import?_method=PUT", url.Values{"list": {list.String()}}, 303)
}

// TestBulkActions picks devices, is asked once with the count, and does it.
func TestBulkActions(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		lamps(t, b, 120)
		ask := b.part("/selection?do=move&mac=a4cf12b30001&mac=a4cf12b30002&back=/devices%3Fq%3Droom", 200)
		if got := ask.text(t, "button[type=submit]"); got != "Move 2 devices" {
			t.Errorf("asks %q", got)
		}
		picked := url.Values{"mac": {"a4cf12b30001", "A4:CF:12:B3:00:02"}, "count": {"2"}, "back": {"/devices?q=room"}, "do": {"move"}}
		b.submit("/selection/permit?_method=PUT", picked, 422).text(t, "#to-error")
		picked.Set("to", "door-sensor")
		if to := b.submit("/selection/permit?_method=PUT", picked, 303).header.Get("Location"); to != "/devices?q=room" {
			t.Errorf("goes on at %q", to)
		}
		a := b.get("/devices?platform=door-sensor", 200)
		if n := a.doc.Find("tbody tr[id]").Length(); n != 2 || !strings.Contains(a.text(t, "#flash"), "2 devices are permitted on door-sensor") {
			t.Errorf("%d moved: %s", n, a.text(t, "#flash"))
		}

		if got := b.part("/selection/count?all=1&q=ROOM&platform=smart-lamp", 200).text(t, "body"); got != "all 118 that match" {
			t.Errorf("offers %q", got)
		}
		every := url.Values{"all": {"1"}, "platform": {"smart-lamp"}, "q": {"room"}, "back": {"//evil.example"}}
		if got := b.get("/selection?do=revoke&"+every.Encode(), 200).text(t, "button[type=submit]"); !strings.Contains(got, "118 devices") {
			t.Errorf("asks %q", got)
		}
		every.Set("count", "100")
		if got := b.submit("/selection/permit?_method=DELETE", every, 409).text(t, ".is-problem"); !strings.Contains(got, "118 devices and not 100") {
			t.Errorf("more than it asked about: %q", got)
		}
		every.Set("count", "118")
		if to := b.submit("/selection/permit?_method=DELETE", every, 303).header.Get("Location"); to != "/" {
			t.Errorf("goes on at %q", to)
		}
		undo, _ := b.get("/devices", 200).doc.Find("#flash form.undo").Attr("action")
		b.submit(undo, url.Values{"back": {"/devices"}}, 303)
		if got := b.get("/devices?platform=smart-lamp", 200).text(t, "[aria-current=true] .many"); got != "118" {
			t.Errorf("%s are back", got)
		}
		b.submit(undo, nil, 409)
	})
}

func TestBulkRefusals(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		b.part("/selection?do=forget", 422)
		b.part("/selection?do=dance&mac=a4cf12b30001", 422)
		b.part("/selection?do=forget&mac=nonsense", 422)
		b.part("/selection?do=forget&all=1&state=sleepy", 422)
		many := url.Values{"count": {"5000"}}
		for i := range 1001 {
			many.Add("mac", fmt.Sprintf("a4cf12b3%04x", i))
		}
		b.submit("/selection?_method=DELETE", many, 422)
	})
}

// TestPermitWhatWasAskedFor asks which platform is meant where the devices do not
// agree on one, and can give each what it asked for.
func TestPermitWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		lamps(t, b, 1)
		for i, asked := range []string{"SMART_LAMP", "smart-lamp", "door-sensor", "toaster"} {
			checkIn(t, d, fmt.Sprintf("a4cf12b3c40%d", i), asked, "v1.0.0")
		}
		agree := b.part("/selection?do=permit&mac=a4cf12b3c400&mac=a4cf12b3c401&back=/new-devices", 200)
		if got := agree.text(t, "option[selected]"); got != "smart-lamp" || agree.has("option[value='*']") {
			t.Errorf("chooses %q", got)
		}
		if got := agree.text(t, ".ask-card p"); strings.Contains(got, "move") || !strings.Contains(got, "2 asked for smart-lamp.") {
			t.Errorf("says %q", got)
		}
		every := url.Values{"all": {"1"}, "state": {"new"}, "back": {"/new-devices"}, "do": {"permit"}, "count": {"4"}}
		a := b.part("/selection?"+every.Encode(), 200)
		if a.has("option[selected]") || !a.has("option[value='*']") {
			t.Errorf("asks %s", a.body)
		}
		if got := a.text(t, ".ask-card p"); !strings.Contains(got, "2 asked for smart-lamp, 1 asked for door-sensor, 1 asked for none that exists.") {
			t.Errorf("says %q", got)
		}
		every.Set("to", "*")
		b.submit("/selection/permit?_method=PUT", every, 303)
		page := b.get("/new-devices", 200)
		if got := page.text(t, "#flash"); !strings.Contains(got, "3 devices are permitted on the platform that each asked for. 1 stays as it was: what it asked for does not exist.") {
			t.Errorf("said %q", got)
		}
		if got := page.text(t, "#new-devices tr th"); got != "A4:CF:12:B3:C4:03" {
			t.Errorf("left are %q", got)
		}
		if got := b.get("/devices?platform=door-sensor", 200).text(t, "tbody tr[id] th"); !strings.Contains(got, "A4:CF:12:B3:C4:02") {
			t.Errorf("on door-sensor is %q", got)
		}
		moves := b.part("/selection?do=permit&mac=a4cf12b3c400&mac=a4cf12b3c403&back=/new-devices", 200)
		if got := moves.text(t, ".ask-card p"); !strings.Contains(got, "move") || moves.has("option[value='*']") {
			t.Errorf("with one that is on a whitelist: %q", got)
		}
	})
}

// TestIgnoreNewDevices leads new devices out of the queue and back.
func TestIgnoreNewDevices(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		for i := range 3 {
			checkIn(t, d, fmt.Sprintf("a4cf12b3c40%d", i), "stranger", "v1.0.0")
		}
		one := b.send("PUT", "/devices/a4cf12b3c400/ignore", nil, 200)
		if one.has("tr") || one.text(t, "#new-count") != "2" {
			t.Errorf("ignored: %s", one.body)
		}
		b.submit("/selection/ignore?_method=PUT", url.Values{"mac": {"a4cf12b3c401"}, "count": {"1"}, "back": {"/new-devices"}}, 303)
		if n := b.get("/new-devices", 200).doc.Find("#new-devices tr").Length(); n != 1 {
			t.Errorf("%d in the queue", n)
		}
		ignored := b.get("/new-devices?ignored=1", 200)
		if n := ignored.doc.Find("#new-devices tr").Length(); n != 2 {
			t.Errorf("%d ignored", n)
		}
		checkIn(t, d, "a4cf12b3c401", "stranger", "v1.0.1")
		checkIn(t, d, "a4cf12b3c400", "smart-lamp", "v1.0.0")
		if n := b.get("/new-devices", 200).doc.Find("#new-devices tr").Length(); n != 2 {
			t.Errorf("%d in the queue after one asked for another platform", n)
		}
		b.submit("/devices/a4cf12b3c401/ignore?_method=DELETE", nil, 303)
		if n := b.get("/new-devices", 200).doc.Find("#new-devices tr").Length(); n != 3 {
			t.Errorf("%d in the queue in the end", n)
		}
	})
}

// TestStaleEdit shows what somebody else changed and keeps what was typed.
func TestStaleEdit(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		lamps(t, b, 1)
		path := "/devices/a4cf12b30000"
		b.send("PUT", path, url.Values{"notes": {"Attic"}}, 200)
		mine := url.Values{"notes": {"Cellar"}, "was-notes": {"Room 0"}, "was-platform": {"smart-lamp"}}
		for _, a := range []*answer{b.send("PUT", path+"?field=notes", mine, 409), b.submit(path+"?_method=PUT", mine, 409)} {
			if got := a.text(t, "[role=alert]"); !strings.Contains(got, "Somebody else changed it meanwhile: now the notes are “Attic”") {
				t.Errorf("says %q", got)
			}
			if !strings.Contains(a.body, "Cellar") || a.doc.Find("[name=was-notes]").AttrOr("value", "") != "Attic" {
				t.Errorf("loses what was typed: %s", a.body)
			}
		}
		mine.Set("was-notes", "Attic")
		if got := b.send("PUT", path+"?field=notes", mine, 200).text(t, ".c-notes"); got != "Cellar" {
			t.Errorf("saved as %q", got)
		}
	})
}

// TestNotesOfSeveralLines keeps the lines, and takes no line end for a change by
// somebody else.
func TestNotesOfSeveralLines(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		lamps(t, b, 1)
		path := "/devices/a4cf12b30000"
		b.send("PUT", path, url.Values{"notes": {"one\r\ntwo"}}, 200)
		if got := b.part(path+"/edit?field=notes", 200).doc.Find("textarea[name=notes]").Text(); got != "one\ntwo" {
			t.Errorf("edited as %q", got)
		}
		b.send("PUT", path, url.Values{"notes": {"three"}, "was-notes": {"one\r\ntwo"}, "was-platform": {"smart-lamp"}}, 200)
	})
}

// TestDeviceTimeline tells in plain words what happened to a device.
func TestDeviceTimeline(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		lamps(t, b, 1)
		ask(t, b.app, request{path: "/update?dev=smart-lamp&ver=v1.0.2", header: map[string]string{"x-ESP8266-STA-MAC": "a4cf12b30000"}})
		ask(t, b.app, request{path: "/update?dev=smart-lamp&ver=v1.0.3", header: map[string]string{"x-ESP8266-STA-MAC": "a4cf12b30000"}})
		b.submit("/devices/a4cf12b30000/permit?_method=DELETE", nil, 303)
		a := b.get("/devices/a4cf12b30000", 200)
		for i, want := range []string{"It was revoked from smart-lamp by admin@example.com.", "It updated from v1.0.2 to v1.0.3.", "It asked for the first time as smart-lamp, running v1.0.2.", "It was permitted on smart-lamp by admin@example.com."} {
			if got := a.text(t, fmt.Sprintf("#device-history li:nth-child(%d)", i+1)); !strings.HasPrefix(got, want) {
				t.Errorf("line %d is %q, want %q", i+1, got, want)
			}
		}
	})
}
