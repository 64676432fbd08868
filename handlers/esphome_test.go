package handlers_test

import (
	"bytes"
	"strings"
	"testing"

	"esp-update-server/app/firmware"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

const espHome = "ESPHome/2024.10.0 (https://esphome.io)"

// TestESPHomeUpdatesByTheManifest plays ESPHome's update entity: it reads the
// manifest, puts the path after the manifest's own folder, as it does with one
// that has no "http" in it, and downloads.
func TestESPHomeUpdatesByTheManifest(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var log journal
		address, keys := keyed(t, d, &log)
		source := "/platforms/smart-sun/manifest.json?key=" + keys["smart-sun"]
		head, body := fetch(t, address, espHome, source)
		path := "firmware/" + digestMD5(images["sun"]) + ".bin?key=" + keys["smart-sun"]
		want := `{"name":"smart-sun","version":"2.0.0","builds":[{"chipFamily":"ESP32-C3","ota":{"path":"` + path + `","md5":"` + digestMD5(images["sun"]) + `"}}]}`
		if string(body) != want {
			t.Errorf("%s\nwant\n%s", body, want)
		}
		for _, line := range []string{"HTTP/1.1 200 OK", "Content-Type: application/json", "Cache-Control: no-store", "Access-Control-Allow-Origin: *", "Content-Length: "} {
			if !strings.Contains(head, line) {
				t.Errorf("no %q in %q", line, head)
			}
		}
		if strings.Contains(path, "http") {
			t.Errorf("ESPHome takes %s for a whole address", path)
		}
		head, body = fetch(t, address, espHome, source[:strings.LastIndex(source, "/")+1]+path)
		if !strings.Contains(head, "Content-Length: 300000") || !bytes.Equal(body, images["sun"]) {
			t.Errorf("%q, %d bytes", head, len(body))
		}
		counted(t, d, "smart-sun", 1)
		used(t, d, "smart-sun")
		if strings.Contains(log.String(), keys["smart-sun"]) {
			t.Error("a manifest key was logged")
		}
	})
}

// TestReadLongAgo holds that ESPHome, which reads the manifest every six hours and
// installs what that said, gets it also when another release is offered by then;
// but not what was withdrawn, or lies above what is offered.
func TestReadLongAgo(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		address, keys := keyed(t, d, new(journal))
		path := func(data []byte) string {
			return "/platforms/smart-sun/firmware/" + digestMD5(data) + ".bin?key=" + keys["smart-sun"]
		}
		gets := func(data []byte, status string) func() bool {
			return func() bool {
				head, body := fetch(t, address, espHome, path(data))
				return strings.HasPrefix(head, "HTTP/1.1 "+status) && bytes.Equal(body, data) == (status == "200")
			}
		}
		next := pattern(250_000, 3)
		publishImage(t, d, "smart-sun", "v2.0.1", next, release.Image{Chip: "ESP32-C3", Family: firmware.ESP32})
		soon(t, "the next is offered", gets(next, "200"))
		if !gets(images["sun"], "200")() {
			t.Error("the one of before is gone")
		}
		counted(t, d, "smart-sun", 1)
		offer := func(v string) {
			if err := d.Releases.Offer(t.Context(), "smart-sun", "", version.ParseLenient(v)); err != nil {
				t.Fatal(err)
			}
		}
		offer("v2.0.0")
		soon(t, "what lies above the offer is refused", gets(next, "404"))
		offer("v2.0.1")
		soon(t, "it is offered again", gets(next, "200"))
		if err := d.Releases.Withdraw(t.Context(), "smart-sun", "", version.ParseLenient("v2.0.1")); err != nil {
			t.Fatal(err)
		}
		soon(t, "what was withdrawn is refused", gets(next, "404"))
		publishImage(t, d, "smart-sun", "v3.0.0", pattern(240_000, 9), release.Image{Chip: "ESP32-C3", Family: firmware.ESP32})
		soon(t, "another is offered", gets(pattern(240_000, 9), "200"))
		if !gets(next, "404")() || !gets(images["sun"], "200")() {
			t.Error("what was withdrawn is back, or what was not is gone")
		}
	})
}

// TestESPHomeFlashesByAnAction plays the action ota.http_request.flash, which reads
// the digest from one address and the image from another.
func TestESPHomeFlashesByAnAction(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	address, keys := keyed(t, d, new(journal))
	at := func(file string) string { return "/platforms/smart-sun/" + file + "?key=" + keys["smart-sun"] }
	if head, body := fetch(t, address, espHome, at("firmware.md5")); !strings.HasPrefix(head, "HTTP/1.1 200 ") || string(body) != digestMD5(images["sun"]) {
		t.Errorf("%q %q", head, body)
	}
	if head, body := fetch(t, address, espHome, at("firmware.bin")); !strings.Contains(head, "Content-Length: 300000") || !bytes.Equal(body, images["sun"]) {
		t.Errorf("%q, %d bytes", head, len(body))
	}
	counted(t, d, "smart-sun", 1)
	for _, file := range []string{"firmware.bin", "firmware.md5"} {
		if head, body := fetch(t, address, espHome, "/platforms/smart-sun/"+file+"?key="+keys["smart-lamp"]); !strings.HasPrefix(head, "HTTP/1.1 400 ") {
			t.Errorf("%s: %q %.100q", file, head, body)
		}
	}
}
