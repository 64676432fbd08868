package handlers_test

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// TestForwardedHeadersHintAtTheSetting lets what looks like a proxy on this
// machine ask, trusted and not, and looks at who is told.
func TestForwardedHeadersHintAtTheSetting(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		header  string
		trusted string
		hint    string
	}{
		"none":         {"", "", ""},
		"an address":   {"X-Forwarded-For: 203.0.113.9", "", "TRUSTED_PROXIES=127.0.0.1"},
		"a protocol":   {"X-Forwarded-Proto: https", "", "carry X-Forwarded-Proto"},
		"the standard": {"Forwarded: for=203.0.113.9", "", "Let it send X-Forwarded-For"},
		"hostile":      {"X-Forwarded-For: <script>alert(1)</script>", "", "TRUSTED_PROXIES=127.0.0.1"},
		"a trusted":    {"X-Forwarded-For: 203.0.113.9", "127.0.0.0/8", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.Open(t, dbtest.SQLite(t))
			admin, viewer := signedIn(t, d, account.Admin), signedIn(t, d, account.Viewer)
			address := serve(t, d, func(c *handlers.Config) {
				if row.trusted != "" {
					c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(row.trusted)}
				}
			})
			header := row.header
			if header != "" {
				header += "\r\n"
			}
			say(t, address, "GET /update?dev=x&ver=1 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:00:00:01\r\n"+header+"\r\n")
			page := func(cookie string) string {
				return string(say(t, address, "GET / HTTP/1.0\r\nHost: "+net.JoinHostPort("192.0.2.9", "80")+"\r\nCookie: "+cookie+"\r\n\r\n"))
			}
			got := page(admin)
			if !strings.Contains(got, "200 OK") || strings.Contains(got, "TRUSTED_PROXIES") != (row.hint != "") || !strings.Contains(got, row.hint) || strings.Contains(got, "<script>alert") {
				t.Errorf("an admin reads:\n%s", got)
			}
			if strings.Contains(page(viewer), "TRUSTED_PROXIES") {
				t.Error("a viewer is told, who cannot set it")
			}
		})
	}
}

// TestStrangersDoNotHint holds that who is not near must be somebody who is signed
// in: a scanner could have admins trust its own address. Requests without a
// connection have an address that is not near.
func TestStrangersDoNotHint(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	b := newBrowser(t, d, account.Admin)
	forged := map[string]string{"X-Forwarded-For": "203.0.113.9"}
	for range 20 {
		ask(t, b.app, request{path: "/update?dev=x&ver=1", header: forged})
		ask(t, b.app, request{path: "/session/new", header: forged})
		ask(t, b.app, request{path: "/", as: "session=made-up", header: forged})
	}
	if strings.Contains(b.get("/", 200).body, "TRUSTED_PROXIES") {
		t.Error("a stranger nags with its own address")
	}
	ask(t, b.app, request{path: "/devices", as: b.as, header: forged}).wants(t, 200)
	if got := b.get("/", 200).text(t, "#problems"); !strings.Contains(got, "TRUSTED_PROXIES=0.0.0.0") {
		t.Error(got)
	}
}
