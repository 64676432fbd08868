package handlers_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"esp-update-server/app/firmware"
	"esp-update-server/app/release"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
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
		deadline := time.Now().Add(10 * time.Second)
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
