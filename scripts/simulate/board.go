package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/md5" // #nosec G501 -- what the boards compare
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// board is one board with what it would say of itself.
type board struct {
	mac       string
	platform  string // as it spells it
	version   string
	sketchMD5 string
	esp32     bool
	fails     bool // never manages to install
	permitted bool // in the demo
	notes     string
}

// ask checks for an update as the Arduino client of its family does, and
// installs what it gets.
func (b *board) ask(ctx context.Context, server *url.URL, t *tally) {
	t.asked.Add(1)
	status, header, body, err := b.request(ctx, server)
	switch {
	case err != nil:
		t.unanswered.Add(1)
	case status == http.StatusNotModified:
		t.nothing.Add(1)
	case status != http.StatusOK:
		t.refused.Add(1)
	case b.fails || digest(body) != header.Get("x-MD5"):
		t.failed.Add(1)
	default:
		t.updated.Add(1)
		b.version, b.sketchMD5 = header.Get("x-version"), digest(body)
	}
}

func (b *board) request(ctx context.Context, server *url.URL) (int, http.Header, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	c, err := dial(ctx, server)
	if err != nil {
		return 0, nil, nil, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	if _, err := io.WriteString(c, b.text(server.Host)); err != nil {
		return 0, nil, nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, body, err
}

// dial connects to a server, over TLS where its address says so.
func dial(ctx context.Context, server *url.URL) (net.Conn, error) {
	port := server.Port()
	if server.Scheme == "https" {
		return new(tls.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(server.Hostname(), cmp.Or(port, "443")))
	}
	return new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(server.Hostname(), cmp.Or(port, "80")))
}

// text is the request, header by header as the client sends it.
func (b *board) text(host string) string {
	first := fmt.Sprintf("GET /update?dev=%s&ver=%s HTTP/1.0\r\nHost: %s\r\n", b.platform, b.version, host)
	if b.esp32 {
		return first + strings.NewReplacer("{mac}", b.mac, "{md5}", b.sketchMD5).Replace("User-Agent: ESP32-http-Update\r\nConnection: close\r\n"+
			"Cache-Control: no-cache\r\nx-ESP32-STA-MAC: {mac}\r\nx-ESP32-AP-MAC: {mac}\r\nx-ESP32-free-space: 1310720\r\n"+
			"x-ESP32-sketch-size: 1006448\r\nx-ESP32-sketch-md5: {md5}\r\nx-ESP32-chip-size: 4194304\r\n"+
			"x-ESP32-sdk-version: v4.4.5\r\nx-ESP32-mode: sketch\r\n\r\n")
	}
	return first + strings.NewReplacer("{mac}", b.mac, "{md5}", b.sketchMD5).Replace("User-Agent: ESP8266-http-Update\r\nConnection: close\r\n"+
		"x-ESP8266-Chip-ID: 11189196\r\nx-ESP8266-STA-MAC: {mac}\r\nx-ESP8266-AP-MAC: {mac}\r\nx-ESP8266-free-space: 1716224\r\n"+
		"x-ESP8266-sketch-size: 378144\r\nx-ESP8266-sketch-md5: {md5}\r\nx-ESP8266-chip-size: 4194304\r\n"+
		"x-ESP8266-sdk-version: 2.2.2-dev(38a443e)\r\nx-ESP8266-mode: sketch\r\nContent-Length: 0\r\n\r\n")
}

func digest(data []byte) string {
	sum := md5.Sum(data) // #nosec G401 -- what the boards compare
	return hex.EncodeToString(sum[:])
}

// model is what the boards of one kind have in common.
type model struct {
	platform string // as the sketch spells it
	esp32    bool
	versions []string // that were built; the last one is the newest
	rooms    []string
}

var models = []model{
	{"SMART_LAMP", false, []string{"v1.0.1", "v1.0.2", "v1.0.3"}, []string{"Hall", "Kitchen", "Attic", "Porch", "Stairs", "Desk"}},
	{"garden-sensor", true, []string{"v0.8.0", "v0.9.0", "v0.9.1"}, []string{"Tomatoes", "Herbs", "Pond", "Compost", "Greenhouse"}},
	{"Door-Bell", true, []string{"v2.1.0", "v2.2.0"}, []string{"Front door", "Garage", "Gate"}},
}

// newFleet makes up boards that are the same at each start.
func newFleet(n int, failing float64) []*board {
	random := rand.New(rand.NewPCG(1, 2)) // #nosec G404 -- a demo that looks the same each time
	fleet := make([]*board, n)
	for i := range fleet {
		m := models[random.IntN(len(models))]
		vendor := "18:FE:34"
		if m.esp32 {
			vendor = "34:85:18"
		}
		fleet[i] = &board{
			mac: fmt.Sprintf("%s:%02X:%02X:%02X", vendor, random.IntN(256), i>>8&255, i&255), esp32: m.esp32, platform: m.platform,
			version: m.versions[random.IntN(len(m.versions))], fails: random.Float64() < failing,
			permitted: random.IntN(10) > 0, notes: fmt.Sprintf("%s %d", m.rooms[random.IntN(len(m.rooms))], i+1),
		}
		fleet[i].sketchMD5 = digest([]byte(fleet[i].mac + fleet[i].version))
	}
	return fleet
}
