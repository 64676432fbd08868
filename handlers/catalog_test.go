package handlers_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// askCatalog is the request of AutoConnect's client, which keeps the connection.
const askCatalog = "GET /_catalog?op=list&path=/ac/%s HTTP/1.1\r\nHost: 192.168.0.10:8000\r\nUser-Agent: ESP8266HTTPClient\r\n" +
	"Accept-Encoding: identity;q=1,chunked;q=0.1,*;q=0\r\nConnection: keep-alive\r\n\r\n"

// TestAutoConnectChoosesAFile plays AutoConnect: on one connection it lists twice,
// each time reading as its client does, then it asks for what it was shown.
func TestAutoConnectChoosesAFile(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		world(t, d)
		address := serve(t, d)
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(patience))
		from := bufio.NewReader(c)
		if none := list(t, c, from, "empty"); len(none) != 1 || none[0]["type"] != "directory" || none[0]["name"] != "." {
			t.Errorf("where nothing is published: %v", none)
		}
		files := list(t, c, from, "smart-lamp")
		if len(files) != 1 || files[0]["type"] != "bin" || files[0]["size"] != 200_000.0 || len(fmt.Sprint(files[0]["time"])) < 5 {
			t.Fatalf("%v", files)
		}
		name := fmt.Sprint(files[0]["name"])
		got := say(t, address, "GET /ac/smart-lamp/"+name+" HTTP/1.0\r\nHost: h:8000\r\nUser-Agent: ESP8266-http-Update\r\nConnection: close\r\n"+
			"x-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\nx-ESP8266-AP-MAC: 1A:FE:34:AA:BB:CC\r\nx-ESP8266-free-space: 1716224\r\n"+
			"x-ESP8266-sketch-size: 378144\r\nx-ESP8266-sketch-md5: a56f8ef78a0bebd812f62067daf1408a\r\nx-ESP8266-chip-size: 4194304\r\n"+
			"x-ESP8266-sdk-version: 2.2.2-dev(38a443e)\r\nx-ESP8266-mode: sketch\r\n\r\n")
		if !strings.HasPrefix(string(got), "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(string(got), string(images["lamp"])) {
			t.Errorf("%.300q", got)
		}
		counted(t, d, "smart-lamp", 1)
		if heard := written(t, d, "18fe34aabbcc"); heard.RequestedPlatform != "smart-lamp" || heard.Reason != "chosen" {
			t.Errorf("%+v", heard)
		}
	})
}

// list reads a list as the client does: up to "[", an object of five values that
// fits into 256 bytes with what ArduinoJson adds, and so on after each comma.
func list(t *testing.T, c net.Conn, from *bufio.Reader, platform string) []map[string]any {
	t.Helper()
	if _, err := fmt.Fprintf(c, askCatalog, platform); err != nil {
		t.Fatal(err)
	}
	a, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != 200 || a.ContentLength != int64(len(body)) || len(a.TransferEncoding) > 0 || a.Close {
		t.Fatalf("%v, %+v", err, a)
	}
	var files []map[string]any
	var raw []json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		t.Fatal(err)
	}
	for _, one := range raw {
		files = append(files, checkEntry(t, one))
	}
	return files
}

func checkEntry(t *testing.T, one json.RawMessage) map[string]any {
	t.Helper()
	var file map[string]any
	if err := json.Unmarshal(one, &file); err != nil {
		t.Fatal(err)
	}
	taken := 5 * 16 // of an object of five, on 32 bits
	for _, key := range []string{"name", "type", "date", "time", "size"} {
		value, ok := file[key]
		if !ok {
			t.Errorf("%s has no %s", one, key)
		}
		taken += len(key) + 1
		if text, ok := value.(string); ok {
			taken += len(text) + 1
		}
	}
	if len(file) != 5 || taken > 256 {
		t.Errorf("%s has %d keys and takes %d bytes", one, len(file), taken)
	}
	return file
}

// TestLongNamesFitAutoConnect holds that the longest names which there can be
// still leave a list, and a file that can be chosen.
func TestLongNamesFitAutoConnect(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	name := strings.Repeat("l", 64)
	if err := d.Platforms.Create(t.Context(), name, ""); err != nil {
		t.Fatal(err)
	}
	if err := d.Devices.Add(t.Context(), "18fe34aabbcc", name, "", "", false); err != nil {
		t.Fatal(err)
	}
	publishImage(t, d, name, "v1.0.0-"+strings.Repeat("r", 50), images["lamp"], release.Image{Chip: "ESP8266", Family: firmware.ESP8266})
	address := serve(t, d)
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	files := list(t, c, bufio.NewReader(c), name)
	got := say(t, address, fmt.Sprintf("GET /ac/%s/%v HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n", name, files[0]["name"]))
	if !strings.HasPrefix(string(got), "HTTP/1.1 200 OK\r\n") {
		t.Errorf("%v: %.200q", files, got)
	}
}

// TestTasmotaIsNeverTold304 holds that the short way, which answers a board that
// asks again, does not have Tasmota restart.
func TestTasmotaIsNeverTold304(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		world(t, d)
		address := serve(t, d)
		for range 3 {
			got := say(t, address, "GET /update?dev=smart-lamp&ver=0 HTTP/1.0\r\nHost: h:5000\r\nUser-Agent: ESP8266-http-Update\r\nConnection: close\r\n"+
				"x-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\nx-ESP8266-sketch-md5: "+strings.Repeat("1", 32)+"\r\nx-ESP8266-mode: sketch\r\n"+
				"x-ESP8266-version: 13.4.0(tasmota)\r\n\r\n")
			if !strings.HasPrefix(string(got), "HTTP/1.1 404 ") || !strings.Contains(string(got), "Error: no update. The device already runs these very bytes of v1.0.3.") {
				t.Fatalf("%q", got)
			}
		}
		if heard := written(t, d, "18fe34aabbcc"); heard.State(time.Now()) != fleet.UpToDate {
			t.Errorf("the device is %s", heard.State(time.Now()))
		}
	})
}

// counted waits until the downloads of what a platform offers are as many.
func counted(t *testing.T, d *db.DB, platform string, want int64) {
	t.Helper()
	for late := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		r, err := d.Releases.Offered(t.Context(), platform)
		if err != nil {
			t.Fatal(err)
		}
		if r.Downloads == want {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("%d downloads of %s, want %d", r.Downloads, platform, want)
		}
	}
}
