package handlers_test

import (
	"context"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

func TestAdminsDownloadABackup(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		app, admin := newApp(t, d), sessionOf(t, d, "admin@example.com")
		button := ask(t, app, request{path: "/", as: admin}).wants(t, 200).doc.Find("#sizes a")
		if link, _ := button.Attr("href"); link != "/backup/new" {
			t.Fatalf("no button: %q", link)
		}
		b := &browser{t, app, admin}
		checkPage(t, "/backup/new", b.get("/backup/new", 200))
		a := b.submit("/backup", url.Values{"current": {password}}, 200)
		if a.header.Get("Content-Length") != strconv.Itoa(len(a.body)) || a.header.Get("Cache-Control") != "no-store" ||
			!regexp.MustCompile(`^attachment; filename="esp-update-server-[0-9-]+\.backup"$`).MatchString(a.header.Get("Content-Disposition")) {
			t.Errorf("%v", a.header)
		}
		other := dbtest.Open(t, dbtest.SQLite(t))
		if err := other.Backups.Restore(context.Background(), strings.NewReader(a.body)); err != nil {
			t.Fatal(err)
		}
		want, err := d.Devices.Stats(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := other.Devices.Stats(context.Background()); err != nil || got.Permitted() == 0 || got.Permitted() != want.Permitted() {
			t.Errorf("%+v, %v", got, err)
		}
		if log := ask(t, app, request{path: "/activity", as: admin}); log.status == 200 && !strings.Contains(log.body, "made a backup of everything") {
			t.Error("nobody can see who made a backup")
		}
	})
}

func TestBackupsAreForAdmins(t *testing.T) {
	t.Parallel()
	c := dbtest.SQLite(t)
	d := dbtest.Open(t, c)
	app, viewer := newApp(t, d), signedIn(t, d, account.Viewer)
	proof := url.Values{"current": {password}}
	ask(t, app, request{method: "POST", path: "/backup", form: proof}).wants(t, 303)
	ask(t, app, request{method: "POST", path: "/backup", as: viewer, form: proof}).wants(t, 403)
	ask(t, app, request{method: "POST", path: "/backup", as: signedIn(t, d, account.Plain), form: proof}).wants(t, 403)
	page := ask(t, app, request{path: "/", as: viewer}).wants(t, 200)
	if !regexp.MustCompile(`^The database takes [\d.]+ [KM]iB, 0 B of it firmware\.$`).MatchString(page.text(t, "#sizes")) || page.has("#sizes a") {
		t.Errorf("%q", page.text(t, "#sizes"))
	}
	if left, _ := filepath.Glob(filepath.Join(c.Dir, ".esp-update-server-backup-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestABackupIsProved holds that a session alone, found open or stolen, gives no
// backup: it takes the password, with the second factor a code, and neither may
// be guessed.
func TestABackupIsProved(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		for _, wrong := range []string{"", "wrong"} {
			a := b.submit("/backup", url.Values{"current": {wrong}}, 422)
			checkPage(t, "/backup", a)
			if got := a.text(t, "#current-error"); !strings.Contains(got, "not your password") || a.has("#code") {
				t.Errorf("%q", got)
			}
		}
		b.get("/backup", 405)
		secret, used, codes := factorOf(t, b, password)
		for _, code := range []string{"", "000000", used} {
			a := b.submit("/backup", url.Values{"current": {password}, "code": {code}}, 422)
			checkPage(t, "/backup", a)
			a.text(t, "#code-error")
		}
		b.submit("/account/factor?_method=DELETE", url.Values{"current": {password}}, 422).text(t, "#code-error")
		sent := url.Values{"current": {password}, "code": {codeAt(t, secret, 30*time.Second)}}
		if a := b.submit("/backup", sent, 200); !strings.HasPrefix(a.body, "SQLite format 3") {
			t.Errorf("%.40q", a.body)
		}
		b.submit("/backup", sent, 422).text(t, "#code-error") // used by now
		b.submit("/backup", url.Values{"current": {password}, "code": {codes[0]}}, 200)
		last := 0
		for range account.AccountFrom.Free + 2 {
			last = ask(t, b.app, request{method: "POST", path: "/backup", as: b.as, form: url.Values{"current": {"wrong"}}}).status
		}
		if last != 429 {
			t.Errorf("guessing on got %d", last)
		}
	})
}
