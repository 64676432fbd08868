package handlers_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// TestStrangersPushNoBoardOut sends 10,000 made-up MACs from one address: all are
// answered alike, few are remembered, and those who were there before stay.
func TestStrangersPushNoBoardOut(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	world(t, d)
	var log journal
	app := newApp(t, d, func(c *handlers.Config) {
		c.MaxNewDevices = 1000
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	asks := func(mac string) *answer {
		return ask(t, app, request{path: "/update?dev=smart-lamp&ver=v1.0.3", header: map[string]string{"x-ESP8266-STA-MAC": mac}})
	}
	asks("18:FE:34:00:00:01")
	for i := range 10_000 {
		mac := fleet.MAC(fmt.Sprintf("02000000%04x", i)).String()
		if a := asks(mac); a.status != 400 || a.body != "Error: device "+mac+" is not on the whitelist of smart-lamp.\n" {
			t.Fatalf("%s is answered %d %q", mac, a.status, a.body)
		}
	}
	asks("18:FE:34:AA:BB:CC").wants(t, 304)
	wantKnown(t, d, &log, "18fe34000001", "18fe34aabbcc")
	if n, err := d.Devices.CountNew(context.Background()); err != nil || n < 250 || n >= 1000 {
		t.Errorf("%d new devices are remembered, %v", n, err)
	}
	if _, err := d.Devices.Find(context.Background(), "02000000270f"); err == nil {
		t.Error("the last of them is remembered")
	}
	if n := strings.Count(log.String(), "come too fast"); n < 1 || n > 20 {
		t.Errorf("it is logged %d times", n)
	}
	if n := strings.Count(log.String(), "new device\""); n >= 1000 {
		t.Errorf("%d new devices are logged", n)
	}
}

func wantKnown(t *testing.T, d *db.DB, log *journal, macs ...fleet.MAC) {
	t.Helper()
	for _, mac := range macs {
		for start := time.Now(); ; time.Sleep(20 * time.Millisecond) { // what boards say is written soon after
			found, err := d.Devices.Find(context.Background(), mac)
			if err == nil && found.LastSeen != nil {
				break
			}
			if time.Since(start) > time.Minute {
				t.Fatalf("%s is not remembered: %v\n%s", mac, err, log)
			}
		}
	}
}

// TestWhoAskedLastStays holds that of new devices which are too many the one goes
// that was not heard for the longest time, also when the rows do not say yet when
// that was.
func TestWhoAskedLastStays(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		address := serve(t, d, func(c *handlers.Config) { c.MaxNewDevices = 5 })
		asks := func(n int) {
			say(t, address, fmt.Sprintf("GET /update?dev=x&ver=1 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:00:00:0%d\r\n\r\n", n))
		}
		known := func(n int) bool {
			_, err := d.Devices.Find(t.Context(), fleet.MAC(fmt.Sprintf("18fe3400000%d", n)))
			return err == nil
		}
		for n := range 5 {
			asks(n)
			soon(t, "the device is known", func() bool { return known(n) })
		}
		for n := range 3 { // 3 was heard before these
			asks(n)
		}
		asks(5)
		soon(t, "one is forgotten", func() bool { return !known(3) })
		for _, n := range []int{0, 1, 2, 4, 5} {
			if !known(n) {
				t.Errorf("%d is forgotten, which was heard later than 3", n)
			}
		}
	})
}

// restless are the devices of a fleet that asks whenever somebody looks which of
// the new ones are to go.
type restless struct {
	*db.Devices
	ask func()
}

func (r *restless) OldestNew(ctx context.Context, limit int) ([]fleet.Seen, error) {
	r.ask()
	return r.Devices.OldestNew(ctx, limit)
}

// TestRestlessBoardsAreBounded holds that boards which ask faster than anybody can
// look are bounded all the same, and hold up nothing.
func TestRestlessBoardsAreBounded(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	var address string
	ask := func() {
		for n := range 2 {
			c, err := net.Dial("tcp", address)
			if err != nil { // the test is over
				return
			}
			_, _ = fmt.Fprintf(c, "GET /update?dev=x&ver=1 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:00:00:0%d\r\n\r\n", n)
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}
	address = serve(t, d, func(c *handlers.Config) {
		c.MaxNewDevices = 1
		c.Devices = &restless{Devices: d.Devices, ask: ask}
	})
	ask()
	soon(t, "one is forgotten", func() bool {
		n, err := d.Devices.CountNew(t.Context())
		return err == nil && n == 1
	})
}
