package handlers_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// measure is the values of the metrics, by name and labels as they stand there.
func measure(t *testing.T, address, secret string) map[string]float64 {
	t.Helper()
	answer := string(say(t, address, "GET /metrics HTTP/1.0\r\nAuthorization: Bearer "+secret+"\r\n\r\n"))
	if !strings.HasPrefix(answer, "HTTP/1.1 200") || !strings.Contains(answer, "\r\nContent-Type: text/plain; version=0.0.4") {
		t.Fatalf("%.500s", answer)
	}
	found := map[string]float64{}
	for _, m := range regexp.MustCompile(`(?m)^(\w+(?:\{.*\})?) (\S+)$`).FindAllStringSubmatch(answer, -1) {
		n, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			t.Errorf("%s is %q", m[1], m[2])
		}
		found[m[1]] = n
	}
	return found
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		world(t, d)
		address := serve(t, d)
		secret := token(t, d, account.Viewer, account.Read)
		get := func(request string) { say(t, address, request) }
		get("GET /update?dev=smart-lamp&ver=1 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n")
		get("GET /update?dev=smart-lamp&ver=1 HTTP/1.0\r\nRange: bytes=0-99\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n")
		get("HEAD /update?dev=smart-lamp&ver=1 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n")
		get("GET /update?dev=smart-lamp&ver=1.0.3 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n")
		get("GET /update?dev=smart-lamp&ver=1 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:00:00:01\r\n\r\n")
		get("GET /update HTTP/1.0\r\n\r\n")
		kept := 0
		for _, data := range images {
			kept += len(data)
		}
		want := map[string]float64{
			`esp_update_server_check_ins_total{answer="offer"}`: 3, `esp_update_server_check_ins_total{answer="no-update"}`: 1,
			`esp_update_server_check_ins_total{answer="refusal"}`: 2, `esp_update_server_check_ins_total{answer="failure"}`: 0,
			`esp_update_server_downloads_total`: 1, `esp_update_server_download_bytes_total`: float64(len(images["lamp"]) + 100),
			`esp_update_server_devices{state="new"}`: 1, `esp_update_server_image_bytes`: float64(kept),
		}
		var got map[string]float64
		for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) { // a download is counted when its answer is closed, devices now and then
			got = measure(t, address, secret)
			wrong := ""
			for name, n := range want {
				if value, there := got[name]; !there || value != n {
					wrong = name
				}
			}
			if wrong == "" {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%s is %v, want %v", wrong, got[wrong], want[wrong])
			}
		}
		if got["esp_update_server_open_connections"] < 1 || got["esp_update_server_database_bytes"] < 100_000 || got["go_goroutines"] < 1 {
			t.Errorf("%v", got)
		}
	})
}

// TestMetricsTakeAToken holds that strangers and browsers learn nothing, and
// that a refusal is a line of text, as scrapers show it.
func TestMetricsTakeAToken(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	app, admin := newApp(t, d), signedIn(t, d, account.Admin)
	for _, r := range []request{{path: "/metrics"}, {path: "/metrics", as: admin}, {path: "/metrics", header: map[string]string{"Authorization": "Bearer made-up"}}} {
		if a := ask(t, app, r).wants(t, 401); strings.Contains(a.body, "esp_update_server") || !strings.HasPrefix(a.body, "Error: ") {
			t.Errorf("%s", a.body)
		}
	}
}
