package handlers_test

import (
	"net/url"
	"strings"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// draftOf is the id that a report offers to publish.
func draftOf(t *testing.T, a *answer) string {
	t.Helper()
	id, ok := a.doc.Find("input[name=upload]").Attr("value")
	if !ok {
		t.Fatalf("nothing to publish in %s", a.body)
	}
	return id
}

func TestUploadAndPublish(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		lamp := firmwaretest.Lamp("v1.0.2")
		unknown := b.upload("lamp.bin", lamp, nil, 422)
		if got := unknown.text(t, "button[form=upload][name=create]"); got != "Create smart-lamp and inspect the file again" {
			t.Errorf("offers %q", got)
		}
		a := b.upload("lamp.bin", lamp, map[string]string{"create": "1"}, 200)
		draft := draftOf(t, a)
		if got := a.text(t, "button[autofocus]"); got != "Publish v1.0.2 to smart-lamp" {
			t.Errorf("the one button says %q", got)
		}
		if a.header.Get("HX-Replace-Url") != "/uploads/"+draft || a.has("h1") || a.doc.Find(".findings li").Length() == 0 {
			t.Errorf("reported as %s", a.body)
		}
		if got := b.get("/uploads/"+draft, 200).text(t, "#report button[autofocus]"); got != "Publish v1.0.2 to smart-lamp" {
			t.Errorf("after a reload %q", got)
		}
		to := b.send("POST", "/platforms/smart-lamp/firmware", url.Values{"upload": {draft}}, 204).header.Get("HX-Redirect")
		page := b.get(to, 200)
		if got := page.text(t, "#flash"); got != "smart-lamp v1.0.2 is published: no device is on the whitelist of smart-lamp yet." {
			t.Errorf("said %q", got)
		}
		if got := page.text(t, "tr.is-offered"); !strings.HasPrefix(got, "v1.0.2 offered ESP8266") || !strings.Contains(got, "admin@example.com") {
			t.Errorf("listed as %q", got)
		}
		href, _ := page.doc.Find("a[download]").Attr("href")
		file := b.get(href, 200)
		if file.body != string(lamp) || file.header.Get("Content-Disposition") != `attachment; filename="smart-lamp_v1.0.2.bin"` {
			t.Errorf("%d bytes as %s", len(file.body), file.header.Get("Content-Disposition"))
		}
		b.send("POST", "/platforms/smart-lamp/firmware", url.Values{"upload": {draft}}, 404).text(t, ".is-problem")
	})
}

func TestRefusedUploads(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		for name, c := range map[string]struct {
			data []byte
			says string
		}{
			"page.bin":  {[]byte("<!DOCTYPE html><html>404</html>"), "HTML"},
			"empty.bin": {nil, ""},
			"same.bin":  {firmwaretest.Lamp("v1.0.2"), "v1.0.2 is not higher than v1.0.2"},
			"older.bin": {firmwaretest.Lamp("v1.0.1"), "v1.0.1 is not higher than v1.0.2"},
			"mute.bin":  {firmwaretest.ESP8266App("nothing"), "update?dev="},
			"large.bin": {make([]byte, 4<<20+1), "larger than 4.0 MiB"},
		} {
			a := b.upload(name, c.data, nil, 422)
			if got := a.text(t, "#report .verdict"); !strings.Contains(got, c.says) || got == "" {
				t.Errorf("%s: says %q", name, got)
			}
			if a.has("input[name=upload]") || a.has("h1") {
				t.Errorf("%s can be published: %s", name, a.body)
			}
		}
	})
}

// TestPlainUpload works without JavaScript too.
func TestPlainUpload(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		app, as := newApp(t, d), sessionOf(t, d, "admin@example.com")
		send := func(data []byte) *answer {
			body, kind := multipartForm(t, "lamp.bin", data, nil)
			return ask(t, app, request{method: "POST", path: "/uploads", as: as, body: body, header: map[string]string{"Content-Type": kind}})
		}
		if a := send(firmwaretest.Lamp("v1.0.2")).wants(t, 422); !a.has("h1") || !a.has("#upload") || !a.has("#report .is-refused") {
			t.Errorf("refused: %s", a.body)
		}
		to := send(firmwaretest.Lamp("v1.0.3")).wants(t, 303).header.Get("Location")
		a := ask(t, app, request{path: to, as: as}).wants(t, 200)
		if got := a.text(t, ".verdict"); got != "It will follow v1.0.2, and 2 devices will be offered it." {
			t.Errorf("says %q", got)
		}
		ask(t, app, request{method: "POST", path: to + "?_method=DELETE", as: as}).wants(t, 303)
		ask(t, app, request{path: to, as: as}).wants(t, 404)
	})
}

// TestSecondPublisherIsTold publishes one version from two drafts.
func TestSecondPublisherIsTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		first := draftOf(t, b.upload("a.bin", firmwaretest.Lamp("v1.0.3"), nil, 200))
		second := draftOf(t, b.upload("b.bin", firmwaretest.Lamp("v1.0.3"), nil, 200))
		b.send("POST", "/platforms/smart-lamp/firmware", url.Values{"upload": {first}}, 204)
		a := b.send("POST", "/platforms/smart-lamp/firmware", url.Values{"upload": {second}}, 422)
		if got := a.text(t, "#report .verdict"); !strings.Contains(got, "v1.0.3 is not higher than v1.0.3") {
			t.Errorf("says %q", got)
		}
	})
}
