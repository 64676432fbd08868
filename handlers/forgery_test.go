package handlers_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// forges asks in the ways of somebody who knows a MAC and no password, and gets
// what they would get for any other board.
func (b *browser) forges(mac string) {
	b.t.Helper()
	for path, header := range map[string]map[string]string{
		"/update?dev=smart-lamp&ver=v9.9.9":   {},
		"/update?dev=smart-lamp&ver=v0.0.1":   {"Authorization": "Basic c21hcnQtbGFtcDpndWVzcw=="},
		"/update?dev=smart-lamp&ver=":         {"X-ESP8266-Chip-Size": "1048576"},
		"/update?dev=smart-lamp":              {"X-ESP8266-SDK-Version": "forged"},
		"/update?dev=":                        {},
		"/update?dev=there-is-none&ver=1.0.0": {"User-Agent": "forged"},
		"/update?dev=smart-plug&ver=v1.0.0":   {"X-ESP8266-Mode": "sketch"},
	} {
		header["x-ESP8266-STA-MAC"] = mac
		ask(b.t, b.app, request{path: path, header: header}).wants(b.t, 400)
	}
}

// facts is what the pages say of a device.
func (b *browser) facts(mac string) string {
	b.t.Helper()
	a := b.get("/devices/"+mac, 200)
	said := a.doc.Find("#said")
	said.Find("time").Remove() // a board may ask again meanwhile
	return a.text(b.t, "#device-mark") + strings.Join(strings.Fields(said.Text()), " ")
}

// TestForgedMACsChangeNothing holds that who knows the MAC of a board and not its
// password leaves all that is known of the board as it is, however often they
// ask, and that its page tells of them once.
func TestForgedMACsChangeNothing(t *testing.T) {
	t.Parallel()
	const sent, mac = "A4:CF:12:B3:C4:01", "a4cf12b3c401"
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		secret := b.makePassword(url.Values{})
		b.forges(sent) // nobody has shown yet that they know the password
		if got := b.facts(mac); !strings.Contains(got, "refused") {
			t.Errorf("before the board ever sent the password: %s", got)
		}
		b.board(sent, "v1.0.1", secret, 200)
		before := b.facts(mac)
		if a := b.get("/devices/"+mac, 200); a.has("#device-forged *") || strings.Contains(before, "refused") {
			t.Errorf("after it did: %s %s", before, a.text(t, "#device-forged"))
		}
		const lines = "#device-history li:not(:contains('downloaded'))"
		told := b.get("/devices/"+mac, 200).doc.Find(lines).Length()
		for range 3 {
			b.forges(sent)
			b.board(sent, "v1.0.1", secret, 200)
		}
		b.forges(sent)
		a := b.get("/devices/"+mac, 200)
		checkPage(t, "/devices/"+mac, a)
		if got := b.facts(mac); got != before {
			t.Errorf("was:\n%s\nand is:\n%s", before, got)
		}
		if n := a.doc.Find(lines).Length(); n != told+1 {
			t.Errorf("%d lines were added:\n%s", n-told, a.text(t, "#device-history"))
		}
		if got := a.text(t, "#device-history li"); !strings.Contains(got, "It seems to be forged: 0.0.0.0 asks with its MAC and without the password of smart-lamp.") {
			t.Error(got)
		}
		if got := a.text(t, "#device-forged"); !strings.Contains(got, "without the password of smart-lamp: 0.0.0.0") {
			t.Error(got)
		}
		if got := b.get("/", 200).text(t, "#feed"); !strings.Contains(got, sent+" seems to be forged") {
			t.Error(got)
		}

		after := &browser{t, newApp(t, d), b.as} // which knows it from the database
		after.forges(sent)
		if got := after.facts(mac); got != before {
			t.Errorf("in another process, was:\n%s\nand is:\n%s", before, got)
		}
	})
}

// TestALostPasswordIsSeen holds that a board which really no longer sends the
// right password is shown as refused: at once where the password is another one
// now, else after a day.
func TestALostPasswordIsSeen(t *testing.T) {
	t.Parallel()
	const sent, mac = "A4:CF:12:B3:C4:01", "a4cf12b3c401"
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
	first := b.makePassword(url.Values{})
	b.board(sent, "v1.0.1", first, 200)
	second := b.makePassword(url.Values{})
	b.board(sent, "v1.0.1", "", 400)
	if got := b.facts(mac); strings.Contains(got, "refused") {
		t.Errorf("while both passwords are good: %s", got)
	}
	b.retire("the old password", "is refused from then on")
	b.board(sent, "v1.0.1", first, 400)
	if got := b.facts(mac); !strings.Contains(got, "refused") {
		t.Errorf("with a password that was retired: %s", got)
	}
	b.board(sent, "v1.0.1", second, 200)
	x, p := fleet.NewIndex(), &fleet.Passwords{Hash: fleet.Secret(second).Hash()}
	now := time.Now()
	x.Put(fleet.Known{MAC: mac, Platform: "smart-lamp", LastSeen: now, PasswordKey: fleet.PasswordKey(p.Hash)})
	if !x.Proved(mac, p, now.Add(fleet.ProvedFor-time.Minute)) || x.Proved(mac, p, now.Add(fleet.ProvedFor)) || x.Proved(mac, &fleet.Passwords{}, now) {
		t.Error("the password speaks for the board too long, too briefly, or for a platform without one")
	}
	if !x.Proved(mac, p, now.Add(-time.Minute)) || x.Proved(mac, p, now.Add(-fleet.ProvedFor)) {
		t.Error("a clock that was ahead makes the password speak for the board too long, or one that differs a little not at all")
	}
}
