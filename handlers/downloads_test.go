package handlers_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// TestFinishedDownloadsCount holds that a download counts when its last byte
// was taken, and that HEAD, a part, or a board that left do not count.
func TestFinishedDownloadsCount(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		if err := d.Platforms.Create(ctx, "big", ""); err != nil {
			t.Fatal(err)
		}
		if err := d.Devices.Add(ctx, "18fe34aabbcc", "big", "", "", false); err != nil {
			t.Fatal(err)
		}
		publishImage(t, d, "big", "v1.0.3", pattern(3_000_000, 3), release.Image{Chip: "ESP8266", Family: firmware.ESP8266})
		address := serve(t, d)
		const uri, headers = "/update?dev=big&ver=1", " HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n"
		say(t, address, "HEAD "+uri+headers+"\r\n")
		say(t, address, "GET "+uri+headers+"Range: bytes=0-99\r\n\r\n")
		leave(t, address, "GET "+uri+headers+"\r\n")
		say(t, address, "GET "+uri+headers+"\r\n")
		deadline := time.Now().Add(patience)
		for {
			r, err := d.Releases.Offered(ctx, "big")
			if err != nil {
				t.Fatal(err)
			}
			if r.Downloads == 1 {
				return
			}
			if r.Downloads > 1 || time.Now().After(deadline) {
				t.Fatalf("%d downloads are counted", r.Downloads)
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
}

// leave reads the first bytes of an answer and hangs up.
func leave(t *testing.T, address, request string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(c).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	_ = c.(*net.TCPConn).SetLinger(0)
}

// silent is a database that says nothing when it is asked for an image, or for a pin.
type silent struct{ *db.Releases }

func (silent) Bytes(ctx context.Context, _ string) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

type silentPins struct{ *db.Pins }

func (silentPins) Find(ctx context.Context, _ fleet.MAC) (*ota.Pin, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestNoBoardWaitsForEver holds that a board hears in time that the image cannot be
// had, when that is in memory no more and the database hangs.
func TestNoBoardWaitsForEver(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	world(t, d)
	address := serve(t, d, func(c *handlers.Config) {
		c.Releases, c.Pins, c.ImageCache, c.Patience = silent{d.Releases}, silentPins{d.Pins}, 1, 1
	})
	var asking sync.WaitGroup
	for name, header := range map[string]string{"all of it": "", "a part": "Range: bytes=0-65535\r\n"} {
		asking.Go(func() {
			began := time.Now()
			got := say(t, address, "GET /update?dev=smart-lamp&ver=v1.0.2 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n"+header+"\r\n")
			if !strings.HasPrefix(string(got), "HTTP/1.1 503 ") || !strings.HasSuffix(string(got), "\r\n\r\nError: the server cannot reach its database just now.\n") {
				t.Errorf("%s: %q", name, got)
			}
			t.Logf("%s: after %v", name, time.Since(began))
		})
	}
	asking.Wait()
}
