package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// keyed is a world with a manifest key of each platform, and its server.
func keyed(t *testing.T, d *db.DB, log *journal) (address string, keys map[string]string) {
	t.Helper()
	world(t, d)
	keys = map[string]string{}
	for _, name := range []string{"smart-lamp", "smart-sun", "empty"} {
		key := fleet.NewManifestKey()
		if err := d.Platforms.AddManifestKey(context.Background(), name, key.Hash()); err != nil {
			t.Fatal(err)
		}
		keys[name] = string(key)
	}
	return serve(t, d, func(c *handlers.Config) {
		c.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}), keys
}

// fetch is one request of a client that has a key, and what it gets.
func fetch(t *testing.T, address, agent, path string) (head string, body []byte) {
	t.Helper()
	answer := say(t, address, "GET "+path+" HTTP/1.1\r\nHost: 192.168.0.10:5000\r\nUser-Agent: "+agent+"\r\nAccept-Encoding: identity;q=1,chunked;q=0.1,*;q=0\r\nConnection: close\r\n\r\n")
	text, body, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
	return string(text), body
}

// TestWebToolsInstallOnTheESP8266 holds that the manifest has parts to install
// where the image is all that a blank chip needs.
func TestWebToolsInstallOnTheESP8266(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	address, keys := keyed(t, d, new(journal))
	_, body := fetch(t, address, "Mozilla/5.0", "/platforms/smart-lamp/manifest.json?key="+keys["smart-lamp"])
	var m struct {
		Builds []struct {
			ChipFamily string
			Parts      []struct {
				Path   string
				Offset *int
			}
		}
	}
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Builds) != 1 || m.Builds[0].ChipFamily != "ESP8266" || len(m.Builds[0].Parts) != 1 || *m.Builds[0].Parts[0].Offset != 0 {
		t.Fatalf("%s", body)
	}
	if _, data := fetch(t, address, "Mozilla/5.0", "/platforms/smart-lamp/"+m.Builds[0].Parts[0].Path); !bytes.Equal(data, images["lamp"]) {
		t.Errorf("%.200q", data)
	}
}

// TestESP32FOTAUpdatesByItsManifest plays esp32FOTA, which adds the number of its
// chip to the address.
func TestESP32FOTAUpdatesByItsManifest(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		address, keys := keyed(t, d, new(journal))
		key := keys["smart-sun"]
		at := "http://192.168.0.10:5000"
		want := `{"type":"smart-sun","version":"2.0.0","url":"` + at + `/platforms/smart-sun/firmware/` + digestMD5(images["sun"]) + `.bin?key=` + key + `"}`
		var m struct{ URL string }
		for _, number := range []string{"", "&id=61924494876344", "?id=61924494876344"} {
			head, body := fetch(t, address, "ESP32HTTPClient", "/platforms/smart-sun/esp32fota.json?key="+key+number)
			if !strings.HasPrefix(head, "HTTP/1.1 200 ") || string(body) != want || len(body) > 2048 {
				t.Fatalf("%s\n%s\nwant\n%s", head, body, want)
			}
			if err := json.Unmarshal(body, &m); err != nil {
				t.Fatal(err)
			}
		}
		if _, data := fetch(t, address, "ESP32HTTPClient", strings.TrimPrefix(m.URL, at)); !bytes.Equal(data, images["sun"]) {
			t.Errorf("%.200q", data)
		}
		for path, sentence := range map[string]string{
			"/platforms/smart-lamp/esp32fota.json?key=" + keys["smart-lamp"]: "Error: smart-lamp v1.0.3 is built for ESP8266.\n",
			"/platforms/empty/esp32fota.json?key=" + keys["empty"]:           "Error: nothing is published for empty yet.\n",
		} {
			if head, body := fetch(t, address, "ESP32HTTPClient", path); !strings.HasPrefix(head, "HTTP/1.1 404 ") || string(body) != sentence {
				t.Errorf("%s: %q %q", path, head, body)
			}
		}
	})
}

// TestAKeyIsGoodForItsPlatform holds that a key opens nothing else, and nothing
// once it is revoked.
func TestAKeyIsGoodForItsPlatform(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		address, keys := keyed(t, d, new(journal))
		refused := func(path string) bool {
			head, body := fetch(t, address, espHome, path)
			return strings.HasPrefix(head, "HTTP/1.1 400 ") && strings.HasPrefix(string(body), "Error: the address needs ?key=")
		}
		for _, path := range []string{
			"/platforms/smart-sun/manifest.json?key=" + keys["smart-lamp"],
			"/platforms/smart-sun/esp32fota.json?key=" + strings.ToLower(keys["smart-sun"]),
			"/platforms/smart-sun/firmware/" + digestMD5(images["sun"]) + ".bin?key=" + keys["smart-lamp"],
			"/platforms/smart-sun/firmware/" + digestMD5(images["sun"]) + ".bin",
			"/platforms/nothing/manifest.json?key=" + keys["smart-sun"],
		} {
			if !refused(path) {
				t.Errorf("%s is answered", path)
			}
		}
		path := "/platforms/smart-sun/manifest.json?key=" + keys["smart-sun"]
		if refused(path) {
			t.Error("the key does not open its own platform")
		}
		if err := d.Platforms.RevokeManifestKey(context.Background(), "smart-sun", fleet.PasswordKey(fleet.Secret(keys["smart-sun"]).Hash())); err != nil {
			t.Fatal(err)
		}
		soon(t, "a revoked key is refused", func() bool { return refused(path) })
	})
}

// TestManifestKeysOnThePage makes a key and revokes it as a person does.
func TestManifestKeysOnThePage(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		a := b.submit("/platforms/smart-lamp/manifest-keys", url.Values{}, 200)
		checkPage(t, "/platforms/smart-lamp/manifest-keys", a)
		key := a.text(t, "#secret")
		source := a.doc.Find("#line-esphome").Text()
		path := source[strings.LastIndex(source, "/platforms/"):]
		if !strings.HasSuffix(path, "?key="+key) || !strings.Contains(a.text(t, "#line-esp32fota"), "/esp32fota.json?key="+key) {
			t.Errorf("%q", source)
		}
		if flash := a.text(t, "#line-esphome-flash"); !strings.Contains(flash, "/firmware.bin?key="+key) || !strings.Contains(flash, "/firmware.md5?key="+key) {
			t.Errorf("%q", flash)
		}
		b.submit("/platforms", url.Values{"name": {"door-sensor"}}, 303)
		if !a.has("#line-web-tools") || b.submit("/platforms/door-sensor/manifest-keys", url.Values{}, 200).has("#line-web-tools") {
			t.Error("a line for ESP Web Tools belongs where a first firmware can be installed")
		}
		if got := ask(t, b.app, request{path: path}).wants(t, 200); !strings.Contains(got.body, `"version":"1.0.2"`) {
			t.Error(got.body)
		}
		a = b.get("/platforms/smart-lamp", 200)
		if strings.Contains(a.body, key) || a.doc.Find("#manifests tbody tr").Length() != 1 || !strings.Contains(a.text(t, "#manifests"), "admin@example.com") {
			t.Error(a.text(t, "#manifests"))
		}
		viewer := &browser{t, b.app, signedIn(t, d, account.Viewer)}
		if seen := viewer.get("/platforms/smart-lamp", 200); seen.has("#manifests form") || !seen.has("#manifests tbody tr") {
			t.Error(seen.text(t, "#manifests"))
		}
		action, _ := a.doc.Find("#manifests tbody form").Attr("action")
		viewer.submit(action, url.Values{}, 403)
		viewer.submit("/platforms/smart-lamp/manifest-keys", url.Values{}, 403)
		b.submit(action, url.Values{}, 303)
		b.submit(action, url.Values{}, 409)
		b.submit("/platforms/nothing/manifest-keys", url.Values{}, 404)
		ask(t, b.app, request{path: path}).wants(t, 400)
		if got := b.get("/activity", 200).text(t, "main"); !strings.Contains(got, "made a manifest key for smart-lamp") || !strings.Contains(got, "revoked a manifest key of smart-lamp") {
			t.Error(got)
		}
	})
}

// TestDeviceRoutesAreNotRedirected holds that people are sent to https, and what
// boards ask for is not: their clients would take it for an error.
func TestDeviceRoutesAreNotRedirected(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	world(t, d)
	secure := func(c *handlers.Config) { c.PublicURL = &url.URL{Scheme: "https", Host: "updates.example.com"} }
	app := newApp(t, d, secure)
	for path, status := range map[string]int{
		"/_catalog?op=list&path=/ac/smart-lamp": 200, "/AC/smart-lamp/smart-lamp_v1.0.3.bin": 400, "/platforms/smart-lamp/manifest.json": 400,
		"/platforms/smart-lamp/esp32fota.json": 400, "/platforms/smart-lamp/firmware.bin": 400, "/platforms/smart-lamp/firmware.md5": 400,
		"/platforms/smart-lamp/firmware/x.bin": 400, "/platforms/smart-lamp": 308,
		"/platforms/smart-lamp/install/manifest.json": 308, "/platforms/smart-lamp/install/firmware/x.bin": 308,
		"/platforms/smart-lamp/releases/v1.0.3/firmware": 308,
	} {
		a := ask(t, app, request{path: path}).wants(t, status)
		if policy := a.header.Get("Content-Security-Policy"); (policy == "") != (status != 308) {
			t.Errorf("%s has the policy %q", path, policy)
		}
	}
}

// used waits until it is kept that the key of a platform was used.
func used(t *testing.T, d *db.DB, platform string) {
	t.Helper()
	soon(t, "the use of the key is kept", func() bool {
		keys, err := d.Platforms.ManifestKeys(context.Background(), platform)
		if err != nil || len(keys) != 1 {
			t.Fatal(keys, err)
		}
		return keys[0].LastUsed != nil
	})
}

// soon waits until something holds.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for late := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("not in time: ", what)
		}
	}
}
