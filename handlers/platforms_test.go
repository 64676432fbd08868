package handlers_test

import (
	"net/url"
	"strings"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

func TestCreatePlatform(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		if a := b.get("/platforms", 200); !a.has(".empty-state a[href='/platforms/new']") {
			t.Error("an empty list leads nowhere")
		}
		a := b.submit("/platforms", url.Values{"name": {"Smart_Lamp"}, "notes": {"<i>hi</i>"}}, 422)
		if !strings.Contains(a.text(t, "#name-error"), "name it smart-lamp") || a.doc.Find("#name").AttrOr("value", "") != "Smart_Lamp" ||
			a.text(t, "#notes") != "<i>hi</i>" || !a.has("#name[aria-invalid=true][aria-describedby~=name-error]") {
			t.Errorf("an underscore: %s", a.body)
		}
		part := b.send("POST", "/platforms", url.Values{"name": {"smart lamp"}}, 422)
		if part.has("html") && strings.Contains(part.body, "<html") || !part.has("form#platform-form #name-error") {
			t.Errorf("htmx got %s", part.body)
		}
		to := b.send("POST", "/platforms", url.Values{"name": {"Smart-Lamp"}, "notes": {"Upstairs"}}, 204).header.Get("HX-Redirect")
		if to != "/platforms/smart-lamp" {
			t.Fatalf("sent to %q", to)
		}
		if got := b.get(to, 200).text(t, "#flash"); got != "Platform smart-lamp is created." {
			t.Errorf("said %q", got)
		}
		if b.get(to, 200).has("#flash .notice") {
			t.Error("said twice")
		}
		b.submit("/platforms", url.Values{"name": {"smart-lamp"}}, 409).text(t, "#name-error")
		if got := b.get("/platforms", 200).text(t, "#platform-smart-lamp"); got != "smart-lamp nothing published – 0 0 Upstairs" {
			t.Errorf("listed as %q", got)
		}
	})
}

func TestPlatformNotes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		b.submit("/platforms", url.Values{"name": {"smart-lamp"}}, 303)
		if !b.part("/platforms/smart-lamp/edit", 200).has("form#platform-notes[hx-put]") || !b.get("/platforms/smart-lamp/edit", 200).has("h1") {
			t.Error("the form is not both a part and a page")
		}
		a := b.send("PUT", "/platforms/smart-lamp", url.Values{"notes": {"Built from <main>"}}, 200)
		if a.text(t, "section#platform-notes .notes-text") != "Built from <main>" || a.text(t, "output#flash[hx-swap-oob]") != "The notes are saved." {
			t.Errorf("saved: %s", a.body)
		}
		long := strings.Repeat("x", 2001)
		if a := b.send("PUT", "/platforms/smart-lamp", url.Values{"notes": {long}}, 422); a.text(t, "#notes") != long || !a.has("#notes-error") {
			t.Error("too long notes are lost")
		}
		b.submit("/platforms/smart-lamp?_method=PUT", url.Values{"notes": {"plain"}}, 303)
		if got := b.part("/platforms/smart-lamp", 200).text(t, ".notes-text"); got != "plain" {
			t.Errorf("the part says %q", got)
		}
		b.send("PUT", "/platforms/gone", url.Values{"notes": {"x"}}, 404).text(t, ".notice.is-problem")
	})
}

func TestDeletePlatform(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		a := b.get("/platforms/smart-lamp/delete", 200)
		if got := a.text(t, "main ul"); !strings.Contains(got, "2 devices lose it") || !strings.Contains(got, "1 release goes") {
			t.Errorf("asks %q", got)
		}
		b.submit("/platforms/smart-lamp?_method=DELETE", nil, 303)
		a = b.get("/new-devices", 200)
		if got := a.text(t, "#flash"); got != "Platform smart-lamp is deleted, with 1 release; 2 devices are now on no whitelist." {
			t.Errorf("said %q", got)
		}
		if got := a.text(t, "#new-device-a4cf12b3c401"); !strings.Contains(got, "Room 201") {
			t.Errorf("its notes are lost: %q", got)
		}
		b.get("/platforms/smart-lamp", 404)
	})
}
