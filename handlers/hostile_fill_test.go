package handlers_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"esp-update-server/app/account"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/db"
	"esp-update-server/handlers"
)

// hostiles are strings as nobody should send them, by what they try. Where one
// gets through as markup there is an element <hostile-tag>, and where as script
// window.hostile is set.
var hostiles = map[string]string{
	"script":     `</title></textarea><script>window.hostile=1;alert(1)</script><hostile-tag>`,
	"image":      `"><hostile-tag><img src=x onerror="window.hostile=1;alert(1)">`,
	"attribute":  `' onmouseover='window.hostile=1' autofocus onfocus='window.hostile=1' x='"`,
	"URL":        `javascript:window.hostile=1//`,
	"template":   `{{.}}{{printf "%s" .}}${window.hostile=1}<!--<svg onload=window.hostile=1>`,
	"htmx":       `" hx-get="/users" hx-trigger="load" hx-on:load="window.hostile=1" data-hx-post="/session`,
	"directions": "\u202eright to left\u2066\u200b\u200d\u2028\ufeff\u200fend",
	"formula":    `=HYPERLINK("http://evil.example","x")`,
	"NUL":        "nul\x00byte<hostile-tag>",
	"not UTF-8":  "\xff\xfe\xc3\x28\xed\xa0\x80<hostile-tag>",
	"4 KB":       strings.Repeat("W", 4096),
}

// hostileNames are the keys of hostiles, always in the same order.
func hostileNames() []string {
	var names []string
	for name := range hostiles {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// deviceHeaders are those that a board's request can have, and those that
// anything on the way may add.
var deviceHeaders = []string{
	"User-Agent", "Authorization", "Referer", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded",
	"x-%s-AP-MAC", "x-%s-mode", "x-%s-Chip-ID", "x-%s-free-space", "x-%s-sketch-size", "x-%s-chip-size",
	"x-%s-sketch-md5", "x-%s-sketch-sha256", "x-%s-sdk-version", "x-%s-version",
}

// hostileBoard sends a check-in with a string in every field, or in one field
// when a request of all would be too large.
func hostileBoard(t *testing.T, address, family, mac, text string) {
	t.Helper()
	fields := slices.Concat([]string{"dev", "ver", "mac"}, deviceHeaders)
	if len(text) < 300 {
		hostileCheckIn(t, address, family, mac, text, fields)
		return
	}
	for _, field := range fields {
		hostileCheckIn(t, address, family, mac, text, []string{field})
	}
}

func hostileCheckIn(t *testing.T, address, family, mac, text string, fields []string) {
	t.Helper()
	query := url.Values{"dev": {"smart-lamp"}, "ver": {"v1.0.0"}}
	lines := []string{"x-" + family + "-STA-MAC: " + mac}
	for _, field := range fields {
		if len(field) == 3 {
			query.Set(field, text)
		} else {
			lines = append(lines, strings.ReplaceAll(field, "%s", family)+": "+text)
		}
	}
	for _, request := range []string{
		head(append([]string{"GET /update?" + query.Encode() + " HTTP/1.0", "Host: x"}, lines...)...),
		head("GET /update?dev="+strings.ReplaceAll(text, " ", "+")+"&ver=1 HTTP/1.0", "Host: x", lines[0]), // as boards do
	} {
		answer := provoke(t, address, request)
		if bytes.Contains(answer, []byte("text/plain")) && (!utf8.Valid(answer) || len(answer) > 1000) || statusIn(answer)[0] == '5' {
			t.Errorf("a board got %.400q", answer)
		}
	}
}

// hostileWorld is a server where everybody who can send something did so.
func hostileWorld(t *testing.T, d *db.DB) (address string) {
	t.Helper()
	fillFleet(t, d)
	address = serve(t, d, func(c *handlers.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} })
	admin := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
	for i, name := range hostileNames() {
		text, mac := hostiles[name], fmt.Sprintf("b0ad00000%03d", i)
		hostileBoard(t, address, "ESP8266", mac, text)
		ask(t, admin.app, request{method: "POST", path: "/devices", as: admin.as,
			form: url.Values{"mac": {mac}, "platform": {"smart-lamp"}, "notes": {kept(text, 2000)}}}).wants(t, 303)
		hostileBoard(t, address, "ESP32", fmt.Sprintf("b0ad00001%03d", i), text)
		hostileVisitor(t, address, i, text)
		admin.submit("/platforms", url.Values{"name": {fmt.Sprintf("platform-%d", i)}, "notes": {kept(text, 2000)}}, 303)
		admin.submit("/account/tokens", url.Values{"token": {kept(text, account.MaxName)}, "scope": {"read"}, "token-proof": {password}}, 200)
		hostileFile(t, admin, i, text)
	}
	return address
}

// kept is what of a string a bounded field takes.
func kept(text string, n int) string { return text[:min(n, len(text))] }

// hostileVisitor signs up under a name, with a browser that names itself so, and
// signs in as the admin from there.
func hostileVisitor(t *testing.T, address string, n int, text string) {
	t.Helper()
	post := func(path string, fields url.Values) {
		body := fields.Encode()
		provoke(t, address, head("POST "+path+" HTTP/1.1", "Host: x", "Connection: close", fmt.Sprintf("X-Forwarded-For: 198.51.%d.100", n),
			"User-Agent: "+strings.ReplaceAll(text, "\x00", ""), "Content-Type: application/x-www-form-urlencoded", fmt.Sprintf("Content-Length: %d", len(body)))+body)
	}
	for _, email := range []string{fmt.Sprintf("v%d'&`{}|\u202e@example.com", n), fmt.Sprintf("v%d@example.com", n)} {
		post("/users", url.Values{"email": {email}, "name": {kept(text, account.MaxName)}, "password": {"a long enough one"}})
	}
	post("/session", url.Values{"email": {"admin@example.com"}, "password": {password}})
}

// hostileFile uploads a file with a string in its name, in the fields beside it
// and in the description inside, and publishes one that may be.
func hostileFile(t *testing.T, admin *browser, n int, text string) {
	t.Helper()
	app := describe(firmwaretest.ESP32App(firmwaretest.ESP32C3, text+firmwaretest.Tag("platform-"+fmt.Sprint(n), "v1.0.0")), text)
	name := strings.NewReplacer("\x00", "", "/", "").Replace(kept(text, 255)) + ".bin"
	ask(t, admin.app, hostileUpload(t, admin, name, app, map[string]string{"platform": text, "version": text, "accept": text, "number": text}))
	ask(t, admin.app, hostileUpload(t, admin, name, []byte(text), nil))
	a := ask(t, admin.app, hostileUpload(t, admin, name, app, nil)).wants(t, 200)
	if n%2 == 0 {
		admin.submit(fmt.Sprintf("/platforms/platform-%d/firmware", n), url.Values{"upload": {draftOf(t, a)}}, 303)
	}
}

func hostileUpload(t *testing.T, admin *browser, name string, data []byte, fields map[string]string) request {
	t.Helper()
	body, kind := multipartForm(t, name, data, fields)
	var r io.Reader = body
	return request{method: "POST", path: "/uploads", as: admin.as, body: r, htmx: true, header: map[string]string{"Content-Type": kind}}
}

// describe puts a string into the application descriptor of an ESP32 image, and
// makes its checksum and its hash right again.
func describe(image []byte, text string) []byte {
	at := bytes.Index(image, []byte{0x32, 0x54, 0xCD, 0xAB})
	check := len(image) - sha256.Size - 1
	put := func(from, size int, text string) {
		field := image[at+from : at+from+size]
		for i := range field {
			old := field[i]
			field[i] = 0
			if i < len(text) {
				field[i] = text[i]
			}
			image[check] ^= old ^ field[i]
		}
	}
	put(16, 32, text) // version
	put(48, 32, text) // project
	put(112, 32, text)
	sum := sha256.Sum256(image[:check+1])
	return append(image[:check+1], sum[:]...)
}

// knows fails the test unless the server has heard of as many boards as told.
func knows(t *testing.T, d *db.DB, boards int) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if n, err := d.Devices.CountNew(t.Context()); err == nil && n >= boards {
			return
		}
	}
	t.Fatal("the strings did not get in, so nothing is proved")
}
