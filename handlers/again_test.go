package handlers_test

import (
	"bytes"
	"context"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

var date = regexp.MustCompile(`Date: [^\r]+`)

// TestTheShortWayAnswersAlike holds that a board which asks again gets the very
// bytes that it got before, whatever it says: the second answer is given without
// a look at the request.
func TestTheShortWayAnswersAlike(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	world(t, d)
	address := serve(t, d)
	for _, request := range []string{
		"GET /update?dev=smart-lamp&ver=v1.0.3 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n",
		"GET //update?dev=smart-lamp&ver=v1.0.3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-ESP8266-STA-MAC: 18fe34aabbcc\r\n\r\n",
		"HEAD /update?dev=smart-lamp&ver=v1.0.3 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\nContent-Length: 0\r\n\r\n",
		"GET /update?dev=smart-lamp&ver=v1.0.3 HTTP/1.0\r\nConnection: keep-alive\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\nGET /update HTTP/1.0\r\n\r\n",
		"GET /update?dev=smart-lamp&ver=v1.0.2 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n",
		"GET /update?dev=smart-sun&ver=v1.0.2 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n",
		"GET /update?dev=smart-sun&ver=v1.0.2 HTTP/1.0\r\nx-ESP8266-STA-MAC: nonsense\r\n\r\n",
	} {
		first := say(t, address, request)
		for range 2 {
			again := say(t, address, request)
			if want := date.ReplaceAll(first, nil); !bytes.Equal(date.ReplaceAll(again, nil), want) {
				t.Errorf("%.60q was answered %.300q, and then %.300q", request, first, again)
			}
		}
	}
}

// TestTheShortWayMissesNothing holds that whatever a board says otherwise than
// the times before is kept, and that what a proxy adds to each request is not
// taken for it.
func TestTheShortWayMissesNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	world(t, d)
	address := serve(t, d, func(c *handlers.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	lines := []string{
		"x-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC", "X-Forwarded-For: 192.0.2.1", "User-Agent: one", "x-ESP8266-Chip-ID: 1",
		"x-ESP8266-AP-MAC: one", "x-ESP8266-free-space: 1", "x-ESP8266-sketch-size: 1", "x-ESP8266-chip-size: 1", "X_ESP8266_sketch_md5: one",
		"x-ESP8266-sdk-version: one", "x-ESP8266-version: one", "X-Request-Id: 1",
	}
	send := func() {
		for range 3 {
			if a := say(t, address, "GET /update?dev=smart-lamp&ver=v1.0.3 HTTP/1.0\r\n"+strings.Join(lines, "\r\n")+"\r\n\r\n"); !bytes.Contains(a, []byte(" 304 ")) {
				t.Fatalf("%s", a)
			}
			lines[len(lines)-1] += "1"
		}
	}
	kept := func() fleet.Device {
		t.Helper()
		found, err := d.Devices.Find(t.Context(), "18fe34aabbcc")
		if err != nil {
			t.Fatal(err)
		}
		found.LastSeen = nil
		return *found
	}
	comes := func(what string, holds func() bool) {
		t.Helper()
		for end := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("never kept: %s", what)
			}
		}
	}
	send()
	comes("the first", func() bool { return kept().Report.UserAgent == "one" })
	for i := 1; i < len(lines)-1; i++ {
		before := kept()
		lines[i] += "1"
		send()
		comes(lines[i], func() bool { return !reflect.DeepEqual(kept(), before) })
	}
}

// TestNobodyIsAnsweredWrongWhileDevicesAreLoaded holds that a server which does
// not know its devices yet turns boards away, and says that it is not ready.
func TestNobodyIsAnsweredWrongWhileDevicesAreLoaded(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	world(t, d)
	index := ota.NewIndex(d.Index)
	app := newApp(t, d, func(c *handlers.Config) { c.Index = index })
	lamp := request{path: "/update?dev=smart-lamp&ver=v1.0.3", header: map[string]string{"x-ESP8266-STA-MAC": "18:FE:34:AA:BB:CC"}}
	ask(t, app, request{path: "/readyz"}).wants(t, 503)
	ask(t, app, request{path: "/healthz"}).wants(t, 200)
	if a := ask(t, app, lamp).wants(t, 503); !strings.HasPrefix(a.body, "Error: ") {
		t.Errorf("%q", a.body)
	}
	if err := index.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	ask(t, app, request{path: "/readyz"}).wants(t, 200)
	ask(t, app, lamp).wants(t, 304)
}

// TestEditsReachBoardsAtOnce holds that a board which asked again and again gets
// another answer as soon as a person is told that a change is made.
func TestEditsReachBoardsAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		asks := func(want int) {
			t.Helper()
			for range 3 {
				ask(t, b.app, request{path: "/update?dev=smart-lamp&ver=v1.0.2", header: map[string]string{"x-ESP8266-STA-MAC": "A4:CF:12:B3:C4:01"}}).wants(t, want)
			}
		}
		asks(304)
		b.submit("/devices/a4cf12b3c401/permit?_method=DELETE", nil, 303)
		asks(400)
		b.submit("/devices/a4cf12b3c401/permit?_method=PUT", url.Values{"platform": {"smart-lamp"}}, 303)
		asks(304)
		b.publish("v1.0.3")
		asks(200)
		b.submit("/platforms/smart-lamp/release?_method=DELETE", url.Values{"version": {"v1.0.3"}}, 303)
		asks(304)
		b.submit("/devices/a4cf12b3c401?_method=DELETE", nil, 303)
		asks(400)
		b.submit("/platforms/smart-lamp?_method=DELETE", nil, 303)
		if a := ask(t, b.app, request{path: "/update?dev=smart-lamp&ver=v1.0.2", header: map[string]string{"x-ESP8266-STA-MAC": "A4:CF:12:B3:C4:04"}}).wants(t, 400); !strings.Contains(a.body, "there is no platform") {
			t.Errorf("%s", a.body)
		}
	})
}

// TestCheckInsShowAtOnce holds that in the process which took a check-in, its
// pages tell of it to who looks next, also when it said nothing new.
func TestCheckInsShowAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		asks := func() {
			ask(t, b.app, request{path: "/update?dev=smart-lamp&ver=v1.0.2", header: map[string]string{"x-ESP8266-STA-MAC": "A4:CF:12:B3:C4:01"}}).wants(t, 304)
		}
		lastSeen := func() string {
			row := b.part("/devices/a4cf12b3c401", 200)
			if got := row.text(t, "tr"); !strings.Contains(got, "up to date") || !strings.Contains(got, "v1.0.2") {
				t.Errorf("%s", got)
			}
			at, _ := row.doc.Find("td.c-time time").Attr("datetime")
			return at
		}
		asks()
		before := lastSeen()
		for late := time.Now().Add(patience); lastSeen() == before; time.Sleep(100 * time.Millisecond) { // it shows seconds
			if asks(); time.Now().After(late) {
				t.Fatalf("the page still says that it was last seen at %s", before)
			}
		}
	})
}

// TestAPermitReachesBoardsOfAnotherProcess holds that it does so without anybody
// doing more.
func TestAPermitReachesBoardsOfAnotherProcess(t *testing.T) {
	t.Parallel()
	c := dbtest.Postgres(t)
	d, _, join := process(t, c)
	fillFleet(t, d)
	here := newApp(t, d, join)
	other, _, join := process(t, c)
	there := newApp(t, other, join)
	admin := &browser{t, here, sessionOf(t, d, "admin@example.com")}
	status := func() int {
		return ask(t, there, request{path: "/update?dev=smart-lamp&ver=v1.0.1", header: map[string]string{"x-ESP8266-STA-MAC": "A4:CF:12:B3:C4:99"}}).status
	}
	if got := status(); got != 400 {
		t.Fatalf("a stranger is answered %d", got)
	}
	admin.submit("/devices", url.Values{"mac": {"a4cf12b3c499"}, "platform": {"smart-lamp"}, "move": {"1"}}, 303)
	start := time.Now()
	for status() != 200 {
		if time.Since(start) > patience {
			t.Fatal("the permit does not arrive")
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Logf("the permit arrived after %s", time.Since(start))
}
