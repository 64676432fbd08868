package handlers_test

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// TestBoardsWithPasswords plays the transcripts of boards that ask for a platform
// whose password is being rotated. No answer asks them to sign in: they would
// not understand it.
func TestBoardsWithPasswords(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/passwords/*.http")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		world(t, d)
		for _, secret := range []fleet.Secret{"OLDOLDOLDOLDOLDOLDOLDOLD22", "NEWNEWNEWNEWNEWNEWNEWNEW22"} {
			if err := d.Platforms.AddPassword(context.Background(), "smart-lamp", secret.Hash(), false); err != nil {
				t.Fatal(err)
			}
		}
		address := serve(t, d)
		for _, file := range files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".http"), func(t *testing.T) { play(t, address, file) })
		}
	})
}

// board is one that asks for smart-lamp by HTTP.
func (b *browser) board(mac, version, password string, status int) *answer {
	b.t.Helper()
	header := map[string]string{"x-ESP8266-STA-MAC": mac}
	if password != "" {
		header["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte("smart-lamp:"+password))
	}
	return ask(b.t, b.app, request{path: "/update?dev=smart-lamp&ver=" + version, header: header}).wants(b.t, status)
}

// makePassword sets or rotates the password and gives what is shown once.
func (b *browser) makePassword(fields url.Values) string {
	b.t.Helper()
	a := b.submit("/platforms/smart-lamp/passwords", fields, 200)
	checkPage(b.t, "/platforms/smart-lamp/passwords", a)
	secret := a.text(b.t, "#secret")
	for id, call := range map[string]string{"#line-esp32": "httpUpdate.", "#line-esp8266": "ESPhttpUpdate."} {
		if got := a.text(b.t, id); got != call+`setAuthorization("smart-lamp", "`+secret+`");` {
			b.t.Errorf("%s: %q", id, got)
		}
	}
	return secret
}

// retire takes the way out that a row of the table of passwords has.
func (b *browser) retire(row, question string) {
	b.t.Helper()
	a := b.get("/platforms/smart-lamp", 200)
	to, found := a.doc.Find("#passwords tr:contains('" + row + "') a[href$='/delete']").Attr("href")
	if !found {
		b.t.Fatalf("no way out of %q: %s", row, a.text(b.t, "#passwords"))
	}
	a = b.get(to, 200)
	checkPage(b.t, to, a)
	if got := a.text(b.t, "main"); !strings.Contains(got, question) {
		b.t.Errorf("asked: %s; want %s", got, question)
	}
	action, _ := a.doc.Find("main form[method=post]").Attr("action")
	b.submit(action, url.Values{}, 303)
}

// TestAPasswordIsIntroducedAndRotated walks the way of an admin with boards in
// the field: none of them is locked out on it.
func TestAPasswordIsIntroducedAndRotated(t *testing.T) {
	t.Parallel()
	const one, two = "A4:CF:12:B3:C4:01", "A4:CF:12:B3:C4:04"
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		var log journal
		b := &browser{t, newApp(t, d, func(c *handlers.Config) {
			c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		}), sessionOf(t, d, "admin@example.com")}
		b.board(two, "v1.0.1", "", 200)
		if !b.get("/platforms/smart-lamp", 200).has("#passwords input[name=grace][checked]") {
			t.Error("boards in the field would be locked out")
		}
		first := b.makePassword(url.Values{"grace": {"1"}})
		b.board(one, "v1.0.1", first, 200)
		b.board(two, "v1.0.1", "", 200)
		wantWays(t, b, "the new password just now 1 device", "no password, or a wrong one – 1 device")
		b.board(two, "v1.0.1", first, 200)
		b.retire("no password", "No device was let in with no password")
		if got := b.board(two, "v1.0.1", "", 400).body; got != "Error: device "+two+" sent no password for smart-lamp.\n" {
			t.Errorf("%q", got)
		}
		b.board(two, "v1.0.1", first, 200)

		second := b.makePassword(url.Values{})
		b.board(one, "v1.0.1", second, 200)
		b.board(two, "v1.0.1", first, 200)
		wantWays(t, b, "the new password just now 1 device", "the old password just now 1 device")
		if a := b.submit("/platforms/smart-lamp/passwords", url.Values{}, 409); !strings.Contains(a.text(t, "main"), "is being changed already") {
			t.Error(a.text(t, "main"))
		}
		b.retire("the old password", "1 device is refused from then on")
		b.board(one, "v1.0.1", second, 200)
		b.board(two, "v1.0.1", first, 400)
		a := b.get("/platforms/smart-lamp", 200)
		if got := a.text(t, "#passwords .notice"); !strings.Contains(got, "1 device of this whitelist was refused") {
			t.Error(got)
		}
		b.retire("the password", "No password is asked for then")
		b.board(two, "v1.0.1", "", 200)
		for _, secret := range []string{first, second} {
			if strings.Contains(log.String(), secret) || strings.Contains(a.body, secret) {
				t.Error("a password was logged, or shown twice")
			}
		}
	})
}

// secondsAgo is what a slow machine says of what happened just now.
var secondsAgo = regexp.MustCompile(`\d+ (s|min) ago`)

func wantWays(t *testing.T, b *browser, want ...string) {
	t.Helper()
	rows := b.get("/platforms/smart-lamp", 200).doc.Find("#passwords tbody tr")
	for i, w := range want {
		got := secondsAgo.ReplaceAllString(strings.Join(strings.Fields(rows.Eq(i).Text()), " "), "just now")
		if !strings.HasPrefix(got, w) {
			t.Errorf("row %d says %q, want %q", i, got, w)
		}
	}
	if rows.Length() != len(want) {
		t.Errorf("%d rows, want %d", rows.Length(), len(want))
	}
}

// TestAPasswordIsAskedForAtOnce is what happens where nobody asked for grace.
func TestAPasswordIsAskedForAtOnce(t *testing.T) {
	t.Parallel()
	const mac = "A4:CF:12:B3:C4:01"
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		secret := b.makePassword(url.Values{})
		b.board(mac, "v1.0.1", secret+"x", 400)
		a := b.get("/devices/a4cf12b3c401", 200)
		if got := a.text(t, "#said") + a.text(t, "#device-mark"); !strings.Contains(got, "Refused: it sent a wrong password.") || !strings.Contains(got, "refused") {
			t.Error(got)
		}
		if got := a.text(t, "#device-history"); !strings.Contains(got, "It was refused: it sent a wrong password for smart-lamp.") {
			t.Error(got)
		}
		if got := b.get("/", 200).text(t, "#problems"); !strings.Contains(got, "1 device is refused on smart-lamp: it sent a wrong password.") {
			t.Error(got)
		}
		b.board(mac, "v1.0.1", secret, 200)
		for _, row := range []struct{ id, define, call string }{
			{"#sketch-esp32", "#define UPDATE_PASSWORD", "  httpUpdate.setAuthorization(PLATFORM, UPDATE_PASSWORD);"},
			{"#sketch-esp8266", "#define UPDATE_PASSWORD", "  ESPhttpUpdate.setAuthorization(PLATFORM, UPDATE_PASSWORD);"},
		} {
			got := b.get("/platforms/smart-lamp", 200).doc.Find(row.id).Text()
			if !strings.Contains(got, row.define) || !strings.Contains(got, row.call) || strings.Index(got, row.call) > strings.Index(got, "t_httpUpdate_return result") {
				t.Errorf("%s:\n%s", row.id, got)
			}
		}
	})
}

// TestPasswordsAreForAdmins holds that a viewer sees how boards are let in and
// changes nothing of it.
func TestPasswordsAreForAdmins(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	admin := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
	admin.makePassword(url.Values{})
	viewer := &browser{t, admin.app, signedIn(t, d, account.Viewer)}
	a := viewer.get("/platforms/smart-lamp", 200)
	if !strings.Contains(a.text(t, "#passwords"), "the password") || a.has("#passwords form, #passwords a[href$='/delete']") {
		t.Error(a.text(t, "#passwords"))
	}
	p, err := d.Platforms.Find(context.Background(), "smart-lamp")
	if err != nil {
		t.Fatal(err)
	}
	key := fleet.PasswordKey(p.Passwords.Hash)
	viewer.submit("/platforms/smart-lamp/passwords", url.Values{}, 403)
	viewer.get("/platforms/smart-lamp/passwords/"+key+"/delete", 403)
	viewer.submit("/platforms/smart-lamp/passwords/"+key+"?_method=DELETE", url.Values{}, 403)
	admin.get("/platforms/smart-lamp/passwords/0123456789abcdef/delete", 404)
	admin.submit("/platforms/smart-lamp/passwords/0123456789abcdef?_method=DELETE", url.Values{}, 409)
	admin.submit("/platforms/nothing/passwords", url.Values{}, 404)
}
