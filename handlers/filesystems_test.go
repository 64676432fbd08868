package handlers_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"esp-update-server/app/firmware"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// publishFilesystem makes a release of a file system of any bytes.
func publishFilesystem(t testing.TB, d *db.DB, platform, kind, v string, data []byte) {
	t.Helper()
	i := &firmware.Inspection{SHA256: digest(data), MD5: digestMD5(data), Size: int64(len(data)), Chip: "unknown", Kind: firmware.Filesystem, Filesystem: &firmware.FilesystemImage{Type: kind}}
	p := &release.Publication{
		Platform: platform, Filesystem: kind, Version: version.ParseLenient(v), Image: release.Describe(data, i), Data: data, By: "a@example.com", Keep: 10,
	}
	if err := d.Releases.Publish(context.Background(), p); err != nil {
		t.Fatal(err)
	}
}

// TestFilesystemsThroughThePages uploads, publishes, shows, withdraws and offers a
// file system as a person does, and gets it as a board does.
func TestFilesystemsThroughThePages(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		one, two := firmwaretest.LittleFS(8, 1), firmwaretest.LittleFS(8, 2)
		asked := b.upload("littlefs.bin", one, nil, 422)
		if !asked.has("input[name=platform][form=upload]") || !asked.has("input[name=version][form=upload]") || asked.has("input[name=accept]") {
			t.Errorf("a person is not asked: %s", asked.body)
		}
		if asked.has(".error, [aria-invalid]") {
			t.Error("it is wrong before anybody typed")
		}
		if again := b.upload("littlefs.bin", one, map[string]string{"platform": "", "version": "v1.1.0"}, 422); !again.has("#upload-platform-error") || again.has("#upload-version-error") {
			t.Errorf("sent without a platform: %s", again.body)
		}
		a := b.upload("littlefs.bin", one, map[string]string{"platform": "smart-lamp", "version": "v1.1.0"}, 200)
		if got := a.text(t, ".verdict"); got != "A LittleFS file system of 32 KiB. It will be the first LittleFS file system of smart-lamp, and boards of smart-lamp get it when they ask for their file system." {
			t.Errorf("says %q", got)
		}
		if got := a.text(t, "button[data-primary]"); got != "Publish file system v1.1.0 (LittleFS) to smart-lamp" {
			t.Errorf("the button says %q", got)
		}
		b.submit("/platforms/smart-lamp/firmware", url.Values{"upload": {draftOf(t, a)}}, 303)
		a = b.upload("smart-lamp_v1.2.0.littlefs.bin", two, nil, 200)
		if got := b.send("POST", "/platforms/smart-lamp/firmware", url.Values{"upload": {draftOf(t, a)}}, 200).text(t, "#flash"); !strings.HasPrefix(got, "smart-lamp file system v1.2.0 (LittleFS) is published") {
			t.Errorf("said %q", got)
		}
		if got := b.upload("smart-lamp_v1.1.5.littlefs.bin", firmwaretest.LittleFS(8, 3), nil, 422).text(t, ".verdict"); !strings.Contains(got, "v1.1.5 is not higher than v1.2.0") {
			t.Errorf("a lower one: %q", got)
		}

		page := b.get("/platforms/smart-lamp", 200)
		if got := page.text(t, "#platform-filesystems tr.is-offered"); !strings.HasPrefix(got, "v1.2.0 offered LittleFS 32 KiB") {
			t.Errorf("listed as %q", got)
		}
		if got := page.text(t, "#platform-releases tr.is-offered"); !strings.HasPrefix(got, "v1.0.2 offered") {
			t.Errorf("the application is listed as %q", got)
		}
		href, _ := page.doc.Find("#platform-filesystems tr.is-offered a[download]").Attr("href")
		if file := b.get(href, 200); file.body != string(two) || file.header.Get("Content-Disposition") != `attachment; filename="smart-lamp_v1.2.0.littlefs.bin"` {
			t.Errorf("%d bytes as %s", len(file.body), file.header.Get("Content-Disposition"))
		}
		filesystemOf(t, b, "v1.1.0", 200, "v1.2.0")
		href, _ = page.doc.Find("#platform-filesystems tr.is-offered a[href*='/release/delete']").Attr("href")
		form := b.get(href, 200)
		if got := form.text(t, "main h1") + form.text(t, "main ul"); !strings.HasPrefix(got, "Withdraw LittleFS file system v1.2.0 of smart-lamp?") || !strings.Contains(got, "v1.1.0 is offered again") {
			t.Errorf("asks %q", got)
		}
		fields := url.Values{"version": {"v1.2.0"}, "filesystem": {form.value("input[name=filesystem]")}}
		b.submit("/platforms/smart-lamp/release?_method=DELETE", fields, 303)
		if got := b.get("/platforms/smart-lamp", 200).text(t, "#flash"); got != "File system v1.2.0 (LittleFS) is withdrawn: smart-lamp offers v1.1.0 again." {
			t.Errorf("said %q", got)
		}
		filesystemOf(t, b, "v1.1.0", 304, "")
		b.submit("/platforms/smart-lamp/release?_method=PUT", fields, 303)
		filesystemOf(t, b, "v1.1.0", 200, "v1.2.0")
		if got := b.get("/activity", 200).text(t, "table"); !strings.Contains(got, "file system v1.2.0 (LittleFS)") {
			t.Errorf("the activity tells %q", got)
		}
		written(t, d, "a4cf12b3c401")
		device := b.get("/devices/a4cf12b3c401", 200)
		if got := device.text(t, "#said"); !strings.Contains(got, "File systemv1.1.0, asked for as spiffs. It was offered an update.") {
			t.Errorf("the board reported %q", got)
		}
		if got := device.text(t, "#device-history"); !strings.Contains(got, "It was offered file system v1.2.0 (LittleFS) of smart-lamp; it has v1.1.0.") {
			t.Errorf("its history: %q", got)
		}
	})
}

// filesystemOf asks for a file system as a board of smart-lamp does.
func filesystemOf(t *testing.T, b *browser, has string, want int, offered string) {
	t.Helper()
	a := ask(t, b.app, request{path: "/update?dev=smart-lamp&ver=" + has, header: map[string]string{"x-ESP8266-STA-MAC": "A4:CF:12:B3:C4:01", "x-ESP8266-mode": "spiffs"}}).wants(t, want)
	if got := a.header.Get("x-version"); got != offered {
		t.Errorf("offered %q, want %q", got, offered)
	}
}

// TestFilesystemsThroughTheAPI publishes real ones, and lists them apart.
func TestFilesystemsThroughTheAPI(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	s := newScript(t, d)
	s.call("POST", "/api/v1/platforms", `{"name":"smart-lamp"}`, 201)
	got := s.upload("smart-lamp_v1.2.0.littlefs.bin", firmwaretest.LittleFS(8, 1), nil, 201)
	if got["filesystem"] != "LittleFS" || got["platform"] != "smart-lamp" || got["version"] != "v1.2.0" {
		t.Errorf("%v", got)
	}
	s.upload("fs.bin", firmwaretest.SPIFFS(4), map[string]string{"platform": "smart-lamp", "version": "1.0"}, 201)
	refused := s.upload("fs.bin", firmwaretest.SPIFFS(4), nil, 422)
	if f, _ := refused["fields"].(map[string]any); f["platform"] == nil || f["version"] == nil {
		t.Errorf("%v", refused)
	}
	list := s.call("GET", "/api/v1/platforms/smart-lamp/releases", "", 200)
	files, _ := list["filesystems"].([]any)
	if apps, _ := list["releases"].([]any); len(apps) != 0 || len(files) != 2 || files[1].(map[string]any)["filesystem"] != "SPIFFS" {
		t.Errorf("%v", list)
	}
}

// value is that of an input.
func (a *answer) value(selector string) string {
	v, _ := a.doc.Find(selector).Attr("value")
	return v
}
