package handlers_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// images are the bytes of the made-up releases that the transcripts ask for.
var images = map[string][]byte{
	"lamp": pattern(200_000, 7),
	"sun":  pattern(300_000, 11),

	"lamp-littlefs": pattern(18*4096, 3), "sun-littlefs": pattern(20*4096, 5), "sun-spiffs": pattern(16*4096, 13), "sun-fat": pattern(24*4096, 17),
}

func pattern(size, step int) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i*step + i>>8)
	}
	data[0] = 0xE9
	return data
}

// world is the whitelist and the releases that the transcripts speak of.
func world(t testing.TB, d *db.DB) {
	t.Helper()
	ctx := context.Background()
	for mac, name := range map[fleet.MAC]string{
		"18fe34aabbcc": "smart-lamp", "34851841eb99": "smart-lamp", "18fe34aabbdd": "smart-sun",
		"34851841eb78": "smart-sun", "6055f9000001": "smart-sun", "18fe34aabbee": "empty",
	} {
		_ = d.Platforms.Create(ctx, name, "")
		if err := d.Devices.Add(ctx, mac, name, "", "", false); err != nil {
			t.Fatal(err)
		}
	}
	publishImage(t, d, "smart-lamp", "v1.0.3", images["lamp"], release.Image{
		Chip: "ESP8266", Family: firmware.ESP8266, Running: []string{strings.Repeat("1", 32)}})
	publishImage(t, d, "smart-sun", "v2.0.0", images["sun"], release.Image{
		Chip: "ESP32-C3", Family: firmware.ESP32, Appended: strings.Repeat("ab", 32)})
	publishFilesystem(t, d, "smart-lamp", "LittleFS", "v1.3.0", images["lamp-littlefs"])
	publishFilesystem(t, d, "smart-sun", "SPIFFS", "v1.1.0", images["sun-spiffs"])
	publishFilesystem(t, d, "smart-sun", "FAT", "v3.0.0", images["sun-fat"])
	publishFilesystem(t, d, "smart-sun", "LittleFS", "v1.2.0", images["sun-littlefs"])
	publishFilesystem(t, d, "empty", "LittleFS", "v9.0.0", images["lamp-littlefs"])
}

// publishImage makes a release of any bytes.
func publishImage(t testing.TB, d *db.DB, platform, v string, data []byte, i release.Image) {
	t.Helper()
	parsed, err := version.Parse(v)
	if err != nil {
		t.Fatal(err)
	}
	i.SHA256, i.MD5, i.Size = digest(data), digestMD5(data), int64(len(data))
	i.Inspection = &firmware.Inspection{Chip: i.Chip, SHA256: i.SHA256}
	p := &release.Publication{Platform: platform, Version: parsed, Image: i, Data: data, By: "a@example.com", Keep: 10}
	if err := d.Releases.Publish(context.Background(), p); err != nil {
		t.Fatal(err)
	}
}

func digest(data []byte) string    { sum := sha256.Sum256(data); return hex.EncodeToString(sum[:]) }
func digestMD5(data []byte) string { sum := md5.Sum(data); return hex.EncodeToString(sum[:]) }

// serve listens as the server does, and gives the address.
func serve(t testing.TB, d *db.DB, changes ...func(*handlers.Config)) string {
	t.Helper()
	return serveOn(t, d, "127.0.0.1", changes...)
}

// serveOn listens on one of this machine's addresses.
func serveOn(t testing.TB, d *db.DB, host string, changes ...func(*handlers.Config)) string {
	t.Helper()
	return listen(t, newApp(t, d, changes...), host)
}

// listen lets a server listen on one of this machine's addresses.
func listen(t testing.TB, app *fiber.App, host string) string {
	t.Helper()
	l, err := handlers.Listen(net.JoinHostPort(host, "0"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = app.Listener(l) }()
	t.Cleanup(func() { _ = app.ShutdownWithTimeout(5 * time.Second) })
	return l.Addr().String()
}

// say sends raw bytes on a connection of its own and reads until the server
// closes it.
func say(t testing.TB, address, request string) []byte {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("after %d bytes: %v", len(answer), err)
	}
	return answer
}

// TestBoards plays each transcript in testdata/boards: above the line the exact
// request, below it the status line, the headers that the answer must have in
// just that spelling (!Name: must not have), and the body.
func TestBoards(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/boards/*.http")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		world(t, d)
		address := serve(t, d)
		for _, file := range files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".http"), func(t *testing.T) { play(t, address, file) })
		}
	})
}

func play(t *testing.T, address, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	request, want, _ := strings.Cut(string(text), "----------\n")
	request = strings.ReplaceAll(request, "\n", "\r\n")
	if !strings.Contains(request, "Connection: close") && strings.Contains(request, "HTTP/1.1") {
		t.Fatal("the transcript would leave the connection open")
	}
	answer := say(t, address, request)
	head, body, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
	wantHead, wantBody, hasBody := strings.Cut(want, "\n\n")
	lines := strings.Split(string(head), "\r\n")
	for i, line := range strings.Split(strings.TrimSpace(wantHead), "\n") {
		checkLine(t, lines, i, fill(line))
	}
	for _, line := range lines {
		if name := strings.ToLower(line); strings.HasPrefix(name, "transfer-encoding") || strings.HasPrefix(name, "location") || strings.Contains(name, "text/html") {
			t.Errorf("no board understands %q", line)
		}
	}
	if !hasBody {
		return
	}
	if got, want := body, wantedBody(wantBody); !bytes.Equal(got, want) {
		t.Errorf("the body is %.200q (%d bytes); want %.200q (%d bytes)", got, len(got), want, len(want))
	}
}

func checkLine(t *testing.T, lines []string, i int, want string) {
	t.Helper()
	if i == 0 {
		if lines[0] != want {
			t.Errorf("the status is %q; want %q", lines[0], want)
		}
		return
	}
	absent, not := strings.CutPrefix(want, "!")
	n := 0
	for _, line := range lines[1:] {
		if line == want || not && strings.HasPrefix(strings.ToLower(line), strings.ToLower(absent)+":") {
			n++
		}
	}
	if not && n > 0 || !not && n != 1 {
		t.Errorf("%q stands %d times in %q", want, n, lines)
	}
}

// fill puts the digests of the images where a transcript names them.
func fill(line string) string {
	for name, data := range images {
		line = strings.ReplaceAll(line, "<md5 of "+name+">", digestMD5(data))
		line = strings.ReplaceAll(line, "<sha256 of "+name+">", digest(data))
	}
	return line
}

func wantedBody(want string) []byte {
	want = strings.TrimSuffix(want, "\n")
	var name string
	var from, to int
	if want == "<none>" {
		return nil
	}
	if data, ok := images[strings.Trim(want, "<>")]; ok {
		return data
	}
	if n, _ := fmt.Sscanf(want, "<%s %d-%d>", &name, &from, &to); n == 3 {
		return images[name][from : to+1]
	}
	return []byte(want + "\n")
}

// TestCheckInsAreRemembered holds that every request with a valid MAC leaves
// what it said, refused ones too.
func TestCheckInsAreRemembered(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		world(t, d)
		address := serve(t, d)
		long := strings.Repeat("x", 300)
		for mac, uri := range map[fleet.MAC]string{
			"18fe34000001": "/update?dev=SMART_LAMP&ver=v01.0.2", "18fe34000002": "/update?dev=%00%ff&ver=dev",
			"18fe34000003": "/update?dev=" + long + "&ver=" + long, "18fe34000004": "/update",
		} {
			say(t, address, "GET "+uri+" HTTP/1.0\r\nx-ESP8266-STA-MAC: "+mac.String()+"\r\nx-ESP8266-free-space: 1716224\r\nx-ESP8266-sdk-version: "+long+"\r\n\r\n")
			got := written(t, d, mac)
			if got.State(time.Now()) != fleet.New || got.IP != "127.0.0.1" || got.FirstSeen == nil || got.Report.FreeSpace != 1716224 ||
				len(got.Version) > 64 || len(got.RequestedPlatform) > 64 || len(got.Report.SDKVersion) > 64 {
				t.Errorf("%+v", got)
			}
		}
		got, err := d.Devices.Find(context.Background(), "18fe34000001")
		if err != nil || got.Version != "v1.0.2" || got.RequestedPlatform != "SMART_LAMP" || got.Answer != fleet.Refusal {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// written is a device once what it said is in the database, which is soon after
// it was answered.
func written(t testing.TB, d *db.DB, mac fleet.MAC) *fleet.Device {
	t.Helper()
	for late := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		found, err := d.Devices.Find(context.Background(), mac)
		if err == nil && found.LastSeen != nil {
			return found
		}
		if time.Now().After(late) {
			t.Fatalf("%s was not heard: %v", mac, err)
		}
	}
}

// TestHeadersAndBodyLeaveTogether holds what arduino-esp32 needs: it looks once
// for the first byte of the body, soon after the headers.
func TestHeadersAndBodyLeaveTogether(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	world(t, d)
	c, err := net.Dial("tcp", serve(t, d))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET /update?dev=smart-lamp&ver=1 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 2000)
	n, err := c.Read(first)
	if err != nil {
		t.Fatal(err)
	}
	if _, body, found := bytes.Cut(first[:n], []byte("\r\n\r\n")); !found || len(body) == 0 {
		t.Errorf("the first packet has no byte of the body: %q", first[:n])
	}
}
