package handlers_test

import (
	"net/netip"
	"testing"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// TestAddressBehindProxies holds that an address is the one that the nearest
// proxy which is not ours was reached from, whatever the client wrote before.
func TestAddressBehindProxies(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		lines []string
		want  string
	}{
		"one line that goes on":        {[]string{"X-Forwarded-For: 198.51.100.6, 203.0.113.9"}, "203.0.113.9"},
		"a line of each proxy":         {[]string{"X-Forwarded-For: 198.51.100.6", "x-forwarded-for: 203.0.113.9"}, "203.0.113.9"},
		"two of our proxies":           {[]string{"X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 127.0.0.2"}, "203.0.113.9"},
		"no address":                   {[]string{"X-Forwarded-For: 203.0.113.9, unknown"}, "127.0.0.1"},
		"an IPv4 address as one of v6": {[]string{"X-Forwarded-For: ::ffff:203.0.113.9"}, "203.0.113.9"},
		"nothing":                      {nil, "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.Open(t, dbtest.SQLite(t))
			address := serve(t, d, func(c *handlers.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
			ask := []string{"GET /update?dev=x&ver=1 HTTP/1.0", "x-ESP8266-STA-MAC: 18:FE:34:00:00:01"}
			say(t, address, head(append(ask, row.lines...)...))
			var found *fleet.Device
			for end := time.Now().Add(patience); found == nil && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
				found, _ = d.Devices.Find(t.Context(), "18fe34000001")
			}
			if found == nil || found.IP != row.want {
				t.Errorf("%+v", found)
			}
		})
	}
}
