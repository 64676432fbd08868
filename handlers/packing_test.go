package handlers_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/firmware"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// roughly is text that gets about half as long when it is compressed.
func roughly(size int) string {
	r := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, size)
	for i := range text {
		text[i] = "0123456789abcdef"[r.IntN(16)]
	}
	return string(text)
}

// bigLamp is an application for the ESP8266, built for a flash of 4 MiB in mode 2.
func bigLamp(v string) []byte {
	return firmwaretest.ESP8266App(firmwaretest.Tag("smart-lamp", v) + v + roughly(100_000))
}

// tightLamp is smart-lamp with boards, v1.0.0 that some run, and an image that is offered.
func tightLamp(t testing.TB, d *db.DB, offered []byte) {
	t.Helper()
	ctx := context.Background()
	if err := d.Platforms.Create(ctx, "smart-lamp", ""); err != nil {
		t.Fatal(err)
	}
	if err := d.Devices.Add(ctx, "18fe34aabbcc", "smart-lamp", "", "", false); err != nil {
		t.Fatal(err)
	}
	publishReal(t, d, "v1.0.0", bigLamp("v1.0.0"))
	publishReal(t, d, "v1.0.1", offered)
}

// publishReal makes a release of smart-lamp, as an upload does.
func publishReal(t testing.TB, d *db.DB, v string, data []byte) {
	t.Helper()
	p := &release.Publication{Platform: "smart-lamp", Version: version.ParseLenient(v), Data: data, By: "a@example.com", Keep: 10,
		Image: release.Describe(data, firmware.Inspect(data, firmware.Options{}))}
	if err := d.Releases.Publish(context.Background(), p); err != nil {
		t.Fatal(err)
	}
}

// tight is what a board says that asks for an image.
type tight struct {
	free, sketch, chip int64
	md5                string
	core26             bool
}

// ask is the very request of the core's client, 3.1 or 2.6.
func (b tight) ask(t testing.TB, address string) (head string, body []byte) {
	t.Helper()
	length := "Content-Length: 0\r\n"
	if b.core26 {
		length = ""
	}
	answer := say(t, address, fmt.Sprintf("GET /update?dev=SMART-LAMP&ver=v1.0.0 HTTP/1.0\r\nHost: 192.168.0.10:5000\r\nUser-Agent: ESP8266-http-Update\r\n"+
		"Connection: close\r\nx-ESP8266-Chip-ID: 11189196\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\nx-ESP8266-AP-MAC: 1A:FE:34:AA:BB:CC\r\n"+
		"x-ESP8266-free-space: %d\r\nx-ESP8266-sketch-size: %d\r\nx-ESP8266-sketch-md5: %s\r\nx-ESP8266-chip-size: %d\r\n"+
		"x-ESP8266-sdk-version: 2.2.2-dev(38a443e)\r\nx-ESP8266-mode: sketch\r\n%s\r\n", b.free, b.sketch, b.md5, b.chip, length))
	h, body, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
	return string(h), body
}

func gunzip(t testing.TB, data []byte) []byte {
	t.Helper()
	from := bytes.NewReader(data)
	r, err := gzip.NewReader(from)
	if err != nil {
		t.Fatal(err)
	}
	r.Multistream(false)
	out, err := io.ReadAll(r)
	if err != nil || from.Len() > 0 {
		t.Fatalf("%v, and %d bytes follow", err, from.Len())
	}
	return out
}

// withMode is an image with a flash mode in it.
func withMode(data []byte, mode byte) []byte {
	out := bytes.Clone(data)
	out[2] = mode
	return out
}

// checkTight holds that an answer is an image, as it is or compressed with a flash
// mode in it, and says so.
func checkTight(t *testing.T, head string, body, image []byte, mode int) {
	t.Helper()
	name := "smart-lamp_v1.0.1.bin"
	if mode >= 0 {
		name += ".gz"
		if got := gunzip(t, body); !bytes.Equal(got, withMode(image, byte(mode))) {
			t.Errorf("%d bytes come out, with mode %d", len(got), got[2])
		}
	} else if !bytes.Equal(body, image) {
		t.Fatalf("%d bytes that begin with %x; want the image as it is", len(body), body[:min(4, len(body))])
	}
	for _, line := range []string{"HTTP/1.1 200 OK", "Content-Type: application/octet-stream", fmt.Sprintf("Content-Length: %d", len(body)), "x-MD5: " + digestMD5(body),
		"x-SHA256: " + digest(body), "x-version: v1.0.1", fmt.Sprintf("Content-Disposition: attachment; filename=%q", name)} {
		if strings.Count("\r\n"+head+"\r\n", "\r\n"+line+"\r\n") != 1 {
			t.Errorf("no %q in\n%s", line, head)
		}
	}
}

const plain = -1

// sectors is a size in whole sectors of the flash.
func sectors(n int) int64 { return int64(n+4095) &^ 4095 }

// TestCompressedWhereItWouldNotFit plays boards with little room.
func TestCompressedWhereItWouldNotFit(t *testing.T) {
	t.Parallel()
	image, before := bigLamp("v1.0.1"), bigLamp("v1.0.0")
	packed, ok := firmware.Pack(image, 3)
	if !ok || sectors(len(packed)) >= sectors(len(image))-8192 {
		t.Fatalf("%d bytes of %d", len(packed), len(image))
	}
	room, sketch, other := sectors(len(packed)), int64(len(image)), strings.Repeat("f", 32)
	d := dbtest.Open(t, dbtest.SQLite(t))
	tightLamp(t, d, image)
	address := serve(t, d)
	for name, row := range map[string]struct {
		board tight
		mode  int
	}{
		"core 3.1":              {tight{room, sketch, 4 << 20, other, false}, 3},
		"core 2.6":              {tight{room, sketch, 4 << 20, other, true}, plain},
		"room for all":          {tight{sectors(len(image)), sketch, 4 << 20, other, false}, plain},
		"a sector short of all": {tight{sectors(len(image)) - 4096, sketch, 4 << 20, other, false}, 3},
		"no room at all":        {tight{room - 4096, sketch, 4 << 20, other, false}, plain},
		"a smaller flash":       {tight{room, sketch, 1 << 20, other, false}, plain},
		"no room to inflate":    {tight{room, sketch - 4096, 4 << 20, other, false}, plain},
		"sketch not said":       {tight{room, 0, 4 << 20, other, false}, plain},
		"nothing said":          {tight{}, plain},
		"runs mode 0":           {tight{room, sketch, 4 << 20, digestMD5(withMode(before, 0)), false}, 0},
		"runs mode 1":           {tight{room, sketch, 4 << 20, digestMD5(withMode(before, 1)), false}, 1},
		"runs its own mode":     {tight{room, sketch, 4 << 20, digestMD5(before), false}, 2},
		"mode not said":         {tight{room, sketch, 4 << 20, "", false}, 3},
		"made-up mode":          {tight{room, sketch, 4 << 20, "%' OR ''='", false}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			head, body := row.board.ask(t, address)
			checkTight(t, head, body, image, row.mode)
		})
	}
	for mode := range byte(4) {
		after := tight{room, sketch, 4 << 20, digestMD5(withMode(image, mode)), false}
		if head, _ := after.ask(t, address); !strings.HasPrefix(head, "HTTP/1.1 304 ") {
			t.Errorf("who runs it in mode %d gets %s", mode, head)
		}
	}
}

// TestNothingElseIsCompressed holds that what a board cannot take compressed is
// sent as it is.
func TestNothingElseIsCompressed(t *testing.T) {
	t.Parallel()
	small := bigLamp("v1.0.1")
	for name, image := range map[string][]byte{
		"signed":        append(bytes.Clone(small), append(make([]byte, 256), 0, 1, 0, 0)...),
		"with settings": append(bytes.Clone(small), 1, 2, 3, 4, 5),
	} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.Open(t, dbtest.SQLite(t))
			tightLamp(t, d, image)
			head, body := tight{sectors(len(image)) - 4096, int64(len(image)), 4 << 20, "", false}.ask(t, serve(t, d))
			checkTight(t, head, body, image, plain)
		})
	}
}

// countedImages counts how often the bytes of an image are loaded.
type countedImages struct {
	*db.Releases
	loads atomic.Int64
}

func (c *countedImages) Bytes(ctx context.Context, sha256 string) ([]byte, error) {
	c.loads.Add(1)
	return c.Releases.Bytes(ctx, sha256)
}

// TestCompressedOnceForAll holds that many boards at once cost one load.
func TestCompressedOnceForAll(t *testing.T) {
	t.Parallel()
	image := bigLamp("v1.0.1")
	d := dbtest.Open(t, dbtest.SQLite(t))
	tightLamp(t, d, image)
	counted := &countedImages{Releases: d.Releases}
	address := serve(t, d, func(c *handlers.Config) { c.Releases = counted })
	var boards sync.WaitGroup
	for range 16 {
		boards.Go(func() {
			head, body := tight{sectors(len(image)) - 4096, int64(len(image)), 4 << 20, "", false}.ask(t, address)
			if !strings.Contains(head, "x-MD5: "+digestMD5(body)) || len(body) >= len(image) {
				t.Errorf("%d bytes after\n%s", len(body), head)
			}
		})
	}
	boards.Wait()
	if n := counted.loads.Load(); n != 1 {
		t.Errorf("the image was loaded %d times", n)
	}
}

// TestRealFirmwareIsCompressed does it with what people run.
func TestRealFirmwareIsCompressed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"esp8266-app-wled-0.15.0.bin", "esp8266-tag-01-normal.bin"} {
		t.Run(name, func(t *testing.T) {
			image := realFirmware(t, name)
			d := dbtest.Open(t, dbtest.SQLite(t))
			tightLamp(t, d, image)
			address := serve(t, d)
			board := tight{sectors(len(image)) - 4096, int64(len(image)), 4 << 20, "", false}
			head, body := board.ask(t, address)
			checkTight(t, head, body, image, 3)
			board.core26 = true
			head, body = board.ask(t, address)
			checkTight(t, head, body, image, plain)
		})
	}
}

// TestCompressedIsTold holds that the pages say to how many boards it happened,
// and before publishing to how many it will.
func TestCompressedIsTold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		image := bigLamp("v1.0.1")
		tightLamp(t, d, image)
		address := listen(t, newApp(t, d), "127.0.0.1")
		board := tight{sectors(len(image)) - 4096, int64(len(image)), 4 << 20, "", false}
		head, body := board.ask(t, address)
		checkTight(t, head, body, image, 3)
		written(t, d, "18fe34aabbcc")
		if got := b.get("/platforms/smart-lamp", 200).text(t, "tr.is-offered .packed"); got != "compressed for 1 device" {
			t.Errorf("the release says %q", got)
		}
		page := b.get("/devices/18fe34aabbcc", 200)
		for _, want := range []string{"was offered v1.0.1 of smart-lamp, compressed, since it would not fit otherwise; it runs v1.0.0", "It was offered an update, compressed, since it would not fit otherwise."} {
			if got := page.text(t, "main"); !strings.Contains(got, want) {
				t.Errorf("the device says %s", got)
			}
		}
		report := b.upload("lamp.bin", bigLamp("v1.0.2"), nil, 200).text(t, ".findings")
		if want := "All 1 devices that said how much room they have can take it. 1 of 1 get it compressed, since it would not fit otherwise."; !strings.Contains(report, want) {
			t.Errorf("the report says %s", report)
		}
		for late := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
			if happened, err := d.History.Of(context.Background(), "18fe34aabbcc", 10); err == nil && happened[0].Event == "downloaded" && happened[0].Detail == "compressed" {
				break
			} else if time.Now().After(late) {
				t.Fatalf("the download is not told: %+v, %v", happened, err)
			}
		}
	})
}
