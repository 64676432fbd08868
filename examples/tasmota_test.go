package examples_test

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/firmware/firmwaretest"
)

// TestTasmotaUpdatesByItsOtaUrl asks what the documented line has Tasmota ask.
func TestTasmotaUpdatesByItsOtaUrl(t *testing.T) {
	line := regexp.MustCompile(`(?m)^    OtaUrl (\S+)$`).FindSubmatch(read(t, "README.md"))
	if line == nil {
		t.Fatal("README.md has no line for Tasmota")
	}
	u, err := url.Parse(string(line[1]))
	if err != nil || len(line[1]) > 200 { // more than Tasmota takes
		t.Fatalf("%s, %v", line[1], err)
	}
	server, token := behind(t)
	image := firmwaretest.Lamp("v1.0.1")
	api(t, server, token, "POST", "platforms", `{"name": "smart-lamp"}`)
	api(t, server, token, "PUT", "devices/18fe34aabbcc", `{"platform": "smart-lamp"}`)
	b := newBuild(t, "http://"+server, token)
	b.script = step(t, block(t, "yaml"))
	b.put("build/smart-lamp.bin", image)
	if said, status := b.run(); status != 0 {
		t.Fatal(said)
	}
	if got := tasmota(t, server, u.RequestURI(), strings.Repeat("5", 32)); !strings.HasPrefix(got, "HTTP/1.1 200 ") || !strings.HasSuffix(got, string(image)) {
		t.Errorf("with other firmware: %.300q", got)
	}
	if got := tasmota(t, server, u.RequestURI(), sketchMD5(image)); !strings.HasPrefix(got, "HTTP/1.1 404 ") {
		t.Errorf("with these very bytes: %.300q", got)
	}
}

// sketchMD5 is what a board says that runs an image.
func sketchMD5(image []byte) string {
	sum := md5.Sum(image)
	return hex.EncodeToString(sum[:])
}

// tasmota is the answer to a board with an ESP8266 that runs Tasmota.
func tasmota(t *testing.T, server, uri, sketchMD5 string) string {
	t.Helper()
	c, err := net.Dial("tcp", server)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	fmt.Fprintf(c, "GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: ESP8266-http-Update\r\nConnection: close\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n"+
		"x-ESP8266-free-space: 1716224\r\nx-ESP8266-sketch-size: 378144\r\nx-ESP8266-sketch-md5: %s\r\nx-ESP8266-chip-size: 4194304\r\n"+
		"x-ESP8266-mode: sketch\r\nx-ESP8266-version: 13.4.0(tasmota)\r\nContent-Length: 0\r\n\r\n", uri, server, sketchMD5)
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}
