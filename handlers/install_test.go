package handlers_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// sunApp is an application for the ESP32-C3.
func sunApp(version string) []byte {
	return firmwaretest.ESP32App(firmwaretest.ESP32C3, firmwaretest.Tag("smart-sun", version))
}

// sunFactory is the merged file with it.
func sunFactory(version string) []byte { return firmwaretest.Merged(sunApp(version)) }

var toInstall = map[string]string{"install": "1"}

// TestFirstInstallationByPage goes the way of a merged file: offered, kept as a
// draft, published with the application in it, installed by the page, removed.
func TestFirstInstallationByPage(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		a := b.upload("factory.bin", sunFactory("v0.1.0"), nil, 422)
		if got := a.text(t, "button[name=install][value='1'][form=upload]"); got != "Keep it for first installation" || !a.has("button[name=extract]") {
			t.Errorf("offers %q in %s", got, a.body)
		}
		a = b.upload("factory.bin", sunFactory("v0.1.0"), toInstall, 422)
		if !a.has("button[name=create]") || !a.has("input[type=hidden][name=install][value='1'][form=upload]") || a.has("button[name=install]") || a.has("input[name=extract]") {
			t.Errorf("then offers %s", a.body)
		}
		a = b.upload("factory.bin", sunFactory("v0.1.0"), map[string]string{"install": "1", "create": "1"}, 200)
		draft := draftOf(t, a)
		a = b.get("/uploads/"+draft, 200)
		if got := a.text(t, ".verdict"); !strings.HasSuffix(got, "Boards get the application inside over the air; blank ones get the whole file over USB.") {
			t.Errorf("says %q", got)
		}
		if got := a.text(t, "#report button[data-primary]"); got != "Publish v0.1.0 to smart-sun" {
			t.Errorf("the button says %q", got)
		}
		a = b.send("POST", "/platforms/smart-sun/firmware", url.Values{"upload": {draft}}, 200)
		if got := a.text(t, "#report a[href='/platforms/smart-sun/install']"); got != "Install over USB" {
			t.Errorf("leads to %q", got)
		}
		page := b.get("/platforms/smart-sun", 200)
		if got := page.text(t, "#installations tbody tr"); !strings.HasPrefix(got, "v0.1.0 ESP32-C3 128 KiB 0x0") || !page.has("tr.is-offered a[href='/platforms/smart-sun/install']") {
			t.Errorf("listed as %q", got)
		}
		b.installs(t, "ESP32-C3", sunFactory("v0.1.0"))
		b.removes(d, page)
	})
}

// installs reads what the page with ESP Web Tools would write to a blank chip.
func (b *browser) installs(t *testing.T, chip string, want []byte) {
	t.Helper()
	a := b.get("/platforms/smart-sun/install", 200)
	checkPage(t, "/platforms/smart-sun/install", a)
	manifest, _ := a.doc.Find("esp-web-install-button").Attr("manifest")
	for _, slot := range []string{"activate", "unsupported", "not-allowed"} {
		if a.doc.Find("esp-web-install-button > [slot="+slot+"]").Length() != 1 {
			t.Errorf("the slot %s is empty", slot)
		}
	}
	m := b.get(manifest, 200)
	path := "firmware/" + digestMD5(want) + ".bin"
	if m.body != fmt.Sprintf(`{"name":"smart-sun","version":"0.1.0","new_install_prompt_erase":true,"builds":[{"chipFamily":%q,"parts":[{"path":%q,"offset":0}]}]}`, chip, path) {
		t.Errorf("the manifest says %s", m.body)
	}
	file := b.get(strings.TrimSuffix(manifest, "manifest.json")+path, 200)
	if file.body != string(want) || file.header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("%d bytes of %s; want %d", len(file.body), file.header.Get("Content-Type"), len(want))
	}
	b.get("/platforms/smart-sun/install/firmware/"+digestMD5([]byte("other"))+".bin", 404)
}

// removes takes the merged file away by the form on the platform's page.
func (b *browser) removes(d *db.DB, page *answer) {
	b.t.Helper()
	form := page.doc.Find("#installations form")
	action, _ := form.Attr("action")
	if question, _ := form.Attr("data-confirm"); !strings.Contains(question, "v0.1.0") {
		b.t.Errorf("asks %q", question)
	}
	viewer := &browser{b.t, b.app, signedIn(b.t, d, account.Viewer)}
	if seen := viewer.get("/platforms/smart-sun", 200); seen.has("#installations form, #installations a") || !seen.has("#installations tbody tr") {
		b.t.Errorf("a viewer sees %s", seen.text(b.t, "#installations"))
	}
	viewer.submit(action, url.Values{}, 403)
	b.submit(action, url.Values{}, 303)
	b.submit(action, url.Values{}, 409)
	b.submit(strings.Replace(action, "v0.1.0", "latest", 1), url.Values{}, 404)
	a := b.get("/platforms/smart-sun/install", 200)
	if a.has("esp-web-install-button") || !strings.Contains(a.text(b.t, "#merge-esp32c3"), "esptool --chip esp32c3 merge-bin -o merged.bin 0x0 bootloader.bin") {
		b.t.Errorf("then says %s", a.text(b.t, "main"))
	}
	if m := b.get("/platforms/smart-sun/install/manifest.json", 200); !strings.HasSuffix(m.body, `"builds":[]}`) {
		b.t.Errorf("then the manifest says %s", m.body)
	}
	told := b.get("/activity", 200).text(b.t, "main")
	for _, what := range []string{"kept a merged file for the first installation of smart-sun", "removed the merged file for the first installation of smart-sun"} {
		if !strings.Contains(told, what) {
			b.t.Errorf("the activity does not tell that somebody %s: %s", what, told)
		}
	}
}

// TestMergedFileBesideARelease keeps one for an application that was published
// before.
func TestMergedFileBesideARelease(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		b.submit("/platforms", url.Values{"name": {"smart-sun"}}, 303)
		if a := b.get("/platforms/smart-sun/install", 200); a.text(t, ".empty-state h2") != "Nothing is offered" {
			t.Error(a.text(t, "main"))
		}
		b.get("/platforms/smart-sun/install/manifest.json", 404)
		b.get("/platforms/nothing/install", 404)
		app := draftOf(t, b.upload("app.bin", sunApp("v0.1.0"), nil, 200))
		b.submit("/platforms/smart-sun/firmware", url.Values{"upload": {app}}, 303)
		a := b.upload("factory.bin", sunFactory("v0.1.0"), toInstall, 200)
		if got := a.text(t, "h2"); got != "The first installation of smart-sun v0.1.0 is ready" {
			t.Errorf("says %q", got)
		}
		if got := a.text(t, "button[data-primary]"); got != "Keep it beside v0.1.0 of smart-sun" {
			t.Errorf("the button says %q", got)
		}
		draft := draftOf(t, a)
		a = b.send("POST", "/platforms/smart-sun/firmware", url.Values{"upload": {draft}}, 200)
		if got := a.text(t, "#flash"); got != "The merged file is kept for the first installation of smart-sun v0.1.0." {
			t.Errorf("said %q", got)
		}
		b.get("/uploads/"+draft, 404)
		b.installs(t, "ESP32-C3", sunFactory("v0.1.0"))
		if got := b.upload("factory.bin", sunFactory("v0.1.0"), toInstall, 422).text(t, ".verdict"); !strings.Contains(got, "This very file is kept") {
			t.Errorf("once more: %q", got)
		}
		if got := b.get("/platforms/smart-sun", 200).doc.Find("#platform-releases tr[id^=release-]").Length(); got != 1 {
			t.Errorf("there are %d releases", got)
		}
		one := b.upload("unfit.bin", sunFactory("v0.2.0")[0x8000:], nil, 422)
		if got := one.text(t, ".again"); !strings.Contains(got, "It cannot be kept for first installation. There is no boot loader for ESP32-C3 at 0x0") || one.has("button[name=install]") {
			t.Errorf("without a boot loader: %q", got)
		}
	})
}

// TestFirstInstallationByScript does it by the API alone.
func TestFirstInstallationByScript(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newScript(t, d)
		s.call("POST", "/api/v1/platforms", `{"name":"smart-sun"}`, 201)
		first, second := sunFactory("v0.1.0"), sunFactory("v0.2.0")
		if e := s.upload("factory.bin", first, nil, 422)["error"].(string); !strings.HasSuffix(e, "To keep it for first installation over USB as well, send install=1 too.") {
			t.Errorf("told %q", e)
		}
		s.upload("factory.bin", first, map[string]string{"install": "1", "dry_run": "1"}, 200)
		out := s.upload("factory.bin", first, toInstall, 201)
		if m := out["merged"].(map[string]any); out["sha256"] != digest(sunApp("v0.1.0")) || m["sha256"] != digest(first) || m["md5"] != digestMD5(first) || m["size"] != float64(len(first)) || m["offset"] != 0.0 {
			t.Errorf("%v", out)
		}
		if out := s.upload("app.bin", sunApp("v0.2.0"), nil, 201); out["merged"] != nil {
			t.Errorf("%v", out)
		}
		s.upload("factory.bin", second, toInstall, 201)
		for name, c := range map[string]struct {
			data []byte
			says string
		}{
			"once more":       {second, "This very file is kept"},
			"other bytes":     {firmwaretest.Merged(firmwaretest.ESP32App(firmwaretest.ESP32C3, firmwaretest.Tag("smart-sun", "v0.2.0")+"other")), "Or send the merged file of the very build"},
			"lower":           {sunFactory("v0.0.9"), "v0.0.9 is not higher than v0.2.0"},
			"an application":  {sunApp("v0.3.0"), "not a merged file"},
			"for the ESP8266": {firmwaretest.Lamp("v0.3.0"), "all that a blank ESP8266 needs"},
			"cut off":         {second[:len(second)-100], "no whole application"},
			"no boot loader":  {second[0x8000:], "no boot loader for ESP32-C3"},
		} {
			if e := s.upload("factory.bin", c.data, toInstall, 422)["error"].(string); !strings.Contains(e, c.says) {
				t.Errorf("%s: told %q", name, e)
			}
		}
		if l := s.call("GET", "/api/v1/platforms/smart-sun/releases", "", 200)["releases"].([]any); len(l) != 2 {
			t.Errorf("%v", l)
		}
	})
}

// TestRealMergedFiles keeps what people flash.
func TestRealMergedFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		platform, chip string
		offset         float64
	}{
		"esp32c3-merged-with-tag.bin":                  {"smart-lamp", "ESP32-C3", 0},
		"esp32-merged-micropython-GENERIC-v1.23.0.bin": {"python", "ESP32", 0x1000},
		"esp32s2-merged-pianolux-2023.bin":             {"piano", "ESP32-S2", 0},
	} {
		data := realFirmware(t, name)
		d := dbtest.Open(t, dbtest.SQLite(t))
		s := newScript(t, d)
		s.call("POST", "/api/v1/platforms", `{"name":"`+c.platform+`"}`, 201)
		fields := map[string]string{"install": "1"}
		if c.platform != "smart-lamp" {
			fields = map[string]string{"install": "1", "platform": c.platform, "version": "v1.0.2", "accept": "tag-missing"}
		}
		out := s.upload(name, data, fields, 201)
		m := out["merged"].(map[string]any)
		if out["chip"] != c.chip || out["version"] != "v1.0.2" || m["md5"] != digestMD5(data) || m["offset"] != c.offset {
			t.Errorf("%s: %v", name, out)
		}
		key := fleet.NewManifestKey()
		if err := d.Platforms.AddManifestKey(t.Context(), c.platform, key.Hash()); err != nil {
			t.Fatal(err)
		}
		part := fmt.Sprintf(`"parts":[{"path":"firmware/%s.bin?key=%s","offset":%d}]`, digestMD5(data), string(key), int(c.offset))
		soon(t, "the key admits", func() bool {
			return strings.Contains(ask(t, s.app, request{path: "/platforms/" + c.platform + "/manifest.json?key=" + string(key)}).body, part)
		})
	}
}
