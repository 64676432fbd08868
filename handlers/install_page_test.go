package handlers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// TestWebToolsInstallMergedFiles plays ESP Web Tools on a page elsewhere, which
// has a manifest key, over a raw socket. ESPHome, which reads the same manifest,
// still gets the application alone.
func TestWebToolsInstallMergedFiles(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newScript(t, d)
		s.call("POST", "/api/v1/platforms", `{"name":"smart-sun"}`, 201)
		s.upload("factory.bin", sunFactory("v0.1.0"), toInstall, 201)
		key := fleet.NewManifestKey()
		if err := d.Platforms.AddManifestKey(t.Context(), "smart-sun", key.Hash()); err != nil {
			t.Fatal(err)
		}
		address := serve(t, d)
		_, body := fetch(t, address, "Mozilla/5.0", "/platforms/smart-sun/manifest.json?key="+string(key))
		part := "firmware/" + digestMD5(sunFactory("v0.1.0")) + ".bin?key=" + string(key)
		app := "firmware/" + digestMD5(sunApp("v0.1.0")) + ".bin?key=" + string(key)
		want := `{"name":"smart-sun","version":"0.1.0","new_install_prompt_erase":true,"builds":[{"chipFamily":"ESP32-C3","ota":{"path":"` + app +
			`","md5":"` + digestMD5(sunApp("v0.1.0")) + `"},"parts":[{"path":"` + part + `","offset":0}]}]}`
		if string(body) != want || !json.Valid(body) {
			t.Errorf("%s\nwant\n%s", body, want)
		}
		for path, data := range map[string][]byte{part: sunFactory("v0.1.0"), app: sunApp("v0.1.0")} {
			head, got := fetch(t, address, "Mozilla/5.0", "/platforms/smart-sun/"+path)
			if !bytes.Equal(got, data) || !strings.Contains(head, fmt.Sprintf("Content-Length: %d\r\n", len(data))) || !strings.Contains(head, "x-MD5: "+digestMD5(data)) {
				t.Errorf("%s: %q, %d bytes", path, head, len(got))
			}
		}
		for _, path := range []string{strings.Replace(part, string(key), "x", 1), strings.TrimSuffix(part, "?key="+string(key))} {
			if head, _ := fetch(t, address, "Mozilla/5.0", "/platforms/smart-sun/"+path); !strings.HasPrefix(head, "HTTP/1.1 400 ") {
				t.Errorf("%s: %q", path, head)
			}
		}
	})
}

// TestTheESP8266InstallsWhatIsPublished needs no merged file.
func TestTheESP8266InstallsWhatIsPublished(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
	m := b.get("/platforms/smart-lamp/install/manifest.json", 200)
	path := "firmware/" + digestMD5(firmwaretest.Lamp("v1.0.2")) + ".bin"
	if !strings.HasSuffix(m.body, `"builds":[{"chipFamily":"ESP8266","parts":[{"path":"`+path+`","offset":0}]}]}`) {
		t.Error(m.body)
	}
	if file := b.get("/platforms/smart-lamp/install/"+path, 200); file.body != string(firmwaretest.Lamp("v1.0.2")) {
		t.Errorf("%d bytes", len(file.body))
	}
}

// TestCompressedFilesAreNotInstalled tells what to do instead.
func TestCompressedFilesAreNotInstalled(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
	draft := draftOf(t, b.upload("lamp.bin.gz", firmwaretest.Gzip(firmwaretest.Lamp("v1.0.3")), nil, 200))
	b.submit("/platforms/smart-lamp/firmware", url.Values{"upload": {draft}}, 303)
	a := b.get("/platforms/smart-lamp/install", 200)
	if got := a.text(t, "main .notice.is-hint"); !strings.HasPrefix(got, "v1.0.3 was published compressed") || a.has("esp-web-install-button") || a.has(".merge") {
		t.Errorf("says %q", got)
	}
	if m := b.get("/platforms/smart-lamp/install/manifest.json", 200); !strings.HasSuffix(m.body, `"builds":[]}`) {
		t.Error(m.body)
	}
}

// TestOnePageUsesSerialPorts holds that no other page may, and that no page takes
// whatever styles come.
func TestOnePageUsesSerialPorts(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
	for _, r := range handlers.Rules() {
		path := concrete(r.Path)
		if r.Method != "GET" || r.Access == "nobody" || path == "/live" {
			continue
		}
		a := ask(t, b.app, request{path: path, as: b.as})
		permissions, policy := a.header.Get("Permissions-Policy"), a.header.Get("Content-Security-Policy")
		serial, hashes := "serial=()", 0
		if path == "/platforms/smart-lamp/install" {
			serial, hashes = "serial=(self)", 3
		}
		if permissions != "camera=(), geolocation=(), microphone=(), "+serial {
			t.Errorf("%s may %s", path, permissions)
		}
		if strings.Contains(policy, "unsafe-inline") || strings.Contains(policy, "unsafe-eval") || strings.Count(policy, "'sha256-") != hashes ||
			!strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self';") {
			t.Errorf("%s has the policy %s", path, policy)
		}
	}
	if a := b.get("/platforms/nothing/install", 404); !strings.HasSuffix(a.header.Get("Permissions-Policy"), "serial=()") {
		t.Error("a page that says there is nothing to install may use serial ports")
	}
}
