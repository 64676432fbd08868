package handlers_test

import (
	"bytes"
	"encoding/binary"
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
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		lamp := firmwaretest.Lamp("v1.0.2")
		unknown := b.upload("lamp.bin", lamp, nil, 422)
		if got := unknown.text(t, "button[form=upload][name=create][value='1']"); got != "Create smart-lamp and inspect the file again" {
			t.Errorf("offers %q", got)
		}
		a := b.upload("lamp.bin", lamp, map[string]string{"create": "1"}, 200)
		draft := draftOf(t, a)
		if got := a.text(t, "button[data-primary]"); got != "Publish v1.0.2 to smart-lamp" {
			t.Errorf("the one button says %q", got)
		}
		if a.header.Get("HX-Replace-Url") != "/uploads/"+draft || a.has("h1") || a.doc.Find(".findings li").Length() == 0 {
			t.Errorf("reported as %s", a.body)
		}
		if got := b.get("/uploads/"+draft, 200).text(t, "#report button[autofocus]"); got != "Publish v1.0.2 to smart-lamp" {
			t.Errorf("after a reload %q", got)
		}
		a = b.send("POST", "/platforms/smart-lamp/firmware", url.Values{"upload": {draft}, "number": {"3"}}, 200)
		if got := a.text(t, "#flash"); got != "smart-lamp v1.0.2 is published: no device is on the whitelist of smart-lamp yet." {
			t.Errorf("said %q", got)
		}
		if got := a.text(t, "#report-3 a[href='/platforms/smart-lamp']"); got != "See smart-lamp" || a.has("input[name=upload]") {
			t.Errorf("became %s", a.body)
		}
		page := b.get("/platforms/smart-lamp", 200)
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
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		for name, c := range map[string]struct {
			data []byte
			says string
		}{
			"page.bin":  {[]byte("<!DOCTYPE html><html>404</html>"), "HTML"},
			"empty.bin": {nil, ""},
			"same.bin":  {firmwaretest.Lamp("v1.0.2"), "This file is already published as v1.0.2."},
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
	t.Parallel()
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
		if got := send(make([]byte, 4<<20+1)).wants(t, 422).text(t, "#report h2"); got != "The file cannot be published" {
			t.Errorf("too large: %q", got)
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
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		first := draftOf(t, b.upload("a.bin", firmwaretest.Lamp("v1.0.3"), nil, 200))
		second := draftOf(t, b.upload("b.bin", firmwaretest.Lamp("v1.0.3"), nil, 200))
		b.send("POST", "/platforms/smart-lamp/firmware", url.Values{"upload": {first}}, 200)
		a := b.send("POST", "/platforms/smart-lamp/firmware", url.Values{"upload": {second}}, 422)
		discard := "form[action='/uploads/" + second + "?_method=DELETE'] button"
		if !a.has(discard) || !b.get("/uploads/"+second, 200).has(discard) {
			t.Error("the second draft cannot be discarded")
		}
		if got := a.text(t, "#report .verdict"); !strings.Contains(got, "already published as v1.0.3") {
			t.Errorf("says %q", got)
		}
	})
}

// mute is firmware that asks for updates at an address it makes while it runs.
var mute = firmwaretest.ESP8266App("ESP8266-http-Update\x00x-ESP8266-STA-MAC\x00smart-lamp\x00v1.4.0\x00")

// TestPersonSaysWhatTheFileDoesNot goes the way of a file without the text that
// tells platform and version.
func TestPersonSaysWhatTheFileDoesNot(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		a := b.upload("mute.bin", mute, map[string]string{"number": "2"}, 422)
		if !a.has("#report-2 input[type=radio][name=platform][value=smart-lamp][form=upload-2][checked]") ||
			!a.has("#report-2 datalist option[value='v1.4.0']") || !a.has("input[type=checkbox][name=accept][value=tag-missing][required]:not([checked])") {
			t.Errorf("offers %s", a.body)
		}
		if got := a.text(t, ".confirm"); !strings.Contains(got, "needs a cable") {
			t.Errorf("the risk is told as %q", got)
		}
		b.upload("mute.bin", mute, map[string]string{"platform": "smart-lamp", "version": "v1.4.0"}, 422)
		a = b.upload("mute.bin", mute, map[string]string{"platform": "toaster", "version": "01.2", "accept": "tag-missing"}, 422)
		if got := a.text(t, "#upload-version-error"); !strings.Contains(got, "leading zero") || !a.has("input[name=version][value='01.2'][aria-invalid]") ||
			!a.has("input[type=text][value=toaster], input[list][value=toaster]") || !a.has("input[value=tag-missing][checked]") {
			t.Errorf("a bad version: %s", a.body)
		}
		a = b.upload("mute.bin", mute, map[string]string{"platform": "toaster", "version": "1.2", "accept": "tag-missing"}, 422)
		if got := a.text(t, "button[name=create]"); got != "Create toaster and inspect the file again" {
			t.Errorf("offers %q", got)
		}
		a = b.upload("mute.bin", mute, map[string]string{"platform": "toaster", "version": "1.2", "accept": "tag-missing", "create": "1"}, 200)
		if got := a.text(t, "button[data-primary]"); got != "Publish v1.2.0 to toaster" {
			t.Errorf("offers %q", got)
		}
		a = b.upload("mute.bin", mute, map[string]string{"platform": "smart-lamp", "version": "1.4", "accept": "tag-missing"}, 200)
		if got := a.text(t, "button[data-primary]"); got != "Publish v1.4.0 to smart-lamp, 2 devices will be offered it" {
			t.Errorf("offers %q", got)
		}
		if got := a.text(t, ".findings .is-warn"); !strings.Contains(got, ", confirmed") {
			t.Errorf("the report keeps %q", got)
		}
		b.submit("/platforms/smart-lamp/firmware", url.Values{"upload": {draftOf(t, a)}}, 303)
	})
}

// TestChangesThatAreSeldomMeant are published once a person confirms them.
func TestChangesThatAreSeldomMeant(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		other := firmwaretest.ESP32App(firmwaretest.ESP32C3, firmwaretest.Tag("smart-lamp", "v2.0.0"))
		a := b.upload("other.bin", other, nil, 422)
		if !a.has("input[value=chip-changed][form=upload]") || a.has("input[name=version]") {
			t.Errorf("offers %s", a.body)
		}
		draft := draftOf(t, b.upload("other.bin", other, map[string]string{"accept": "chip-changed"}, 200))
		b.send("POST", "/platforms/smart-lamp/firmware", url.Values{"upload": {draft}}, 200)
	})
}

// merged is an application behind a boot loader and a partition table.
func merged(app []byte) []byte {
	out := bytes.Repeat([]byte{0xFF}, 0x10000)
	copy(out, firmwaretest.ESP32App(firmwaretest.ESP32C3, "")[:0x200])
	row := make([]byte, 32)
	row[0], row[1] = 0xAA, 0x50
	binary.LittleEndian.PutUint32(row[4:], 0x10000)
	binary.LittleEndian.PutUint32(row[8:], 0x100000)
	copy(row[12:], "factory")
	copy(out[0x8000:], row)
	return append(out, app...)
}

// TestApplicationInsideMergedFile is used instead of the file, by people and by
// scripts.
func TestApplicationInsideMergedFile(t *testing.T) {
	t.Parallel()
	app := firmwaretest.ESP32App(firmwaretest.ESP32C3, firmwaretest.Tag("smart-sun", "v0.1.0"))
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		a := b.upload("merged.bin", merged(app), nil, 422)
		if got := a.text(t, "button[name=extract][value='1'][form=upload]"); got != "Use the application inside it" {
			t.Errorf("offers %q", got)
		}
		a = b.upload("merged.bin", merged(app), map[string]string{"extract": "1"}, 422)
		if !a.has("button[name=create]") || !a.has("input[type=hidden][name=extract][value='1'][form=upload]") || a.has("button[name=extract]") {
			t.Errorf("then offers %s", a.body)
		}
		s := &script{t, b.app, token(t, d, account.Admin, account.Write)}
		s.call("POST", "/api/v1/platforms", `{"name":"smart-sun"}`, 201)
		if e := s.upload("merged.bin", merged(app), nil, 422)["error"].(string); !strings.Contains(e, "send extract=1 too") {
			t.Errorf("scripts are told %q", e)
		}
		out := s.upload("merged.bin", merged(app), map[string]string{"extract": "1"}, 201)
		if out["version"] != "v0.1.0" || out["sha256"] != digest(app) {
			t.Errorf("%v", out)
		}
	})
}

// TestAPIConfirms publishes by script what a person vouches for.
func TestAPIConfirms(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newScript(t, d)
		s.call("POST", "/api/v1/platforms", `{"name":"smart-lamp"}`, 201)
		fields := map[string]string{"platform": "SMART_LAMP", "version": "1.4"}
		if e := s.upload("mute.bin", mute, fields, 422)["error"].(string); !strings.Contains(e, "send accept=tag-missing too") {
			t.Errorf("told %q", e)
		}
		fields["accept"] = "tag-missing"
		if out := s.upload("mute.bin", mute, fields, 201); out["version"] != "v1.4.0" || out["platform"] != "smart-lamp" {
			t.Errorf("%v", out)
		}
		other := firmwaretest.ESP32App(firmwaretest.ESP32C3, firmwaretest.Tag("smart-lamp", "v2.0.0"))
		s.upload("other.bin", other, nil, 422)
		s.upload("other.bin", other, map[string]string{"accept": "tag-missing,chip-changed"}, 201)
	})
}

// TestDiscardedUpload leaves the page, and nothing behind.
func TestDiscardedUpload(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		draft := draftOf(t, b.upload("a.bin", firmwaretest.Lamp("v1.0.3"), nil, 200))
		if got := b.get("/uploads/new", 200).text(t, ".drafts li:has(a[href='/uploads/"+draft+"'])"); !strings.HasPrefix(got, "smart-lamp v1.0.3 a.bin") {
			t.Errorf("kept as %q", got)
		}
		if b.get("/uploads/"+draft, 200).has(".drafts") || newBrowser(t, d, account.Viewer).get("/uploads/new", 200).has(".drafts") {
			t.Error("listed beside itself, or to somebody else")
		}
		a := b.send("DELETE", "/uploads/"+draft, nil, 200)
		if got := a.text(t, "#flash"); got != "The upload is discarded." || a.has(".report") {
			t.Errorf("said %q", a.body)
		}
		b.get("/uploads/"+draft, 404)
	})
}
