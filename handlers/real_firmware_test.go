package handlers_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// realFirmware reads a file of the collection of real firmware.
func realFirmware(t testing.TB, name string) []byte {
	t.Helper()
	dir := os.Getenv("ESP_FIRMWARE_DIR")
	if dir == "" {
		t.Skip("ESP_FIRMWARE_DIR is not set: real firmware not tried")
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestRealFirmwareReachesTheBoard goes the whole way by the API alone: platform,
// device, file, and the board gets the very bytes.
func TestRealFirmwareReachesTheBoard(t *testing.T) {
	t.Parallel()
	data := realFirmware(t, "esp32c3-app-gtil2_sun-v0.1.11-UPDATEDEV.bin")
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newScript(t, d)
		address := listen(t, s.app, "127.0.0.1")
		board := func(mac, dev, ver string) string {
			return string(say(t, address, "GET /update?dev="+dev+"&ver="+ver+" HTTP/1.0\r\nHost: x\r\nUser-Agent: ESP32-http-Update\r\nx-ESP32-STA-MAC: "+mac+"\r\nx-ESP32-mode: sketch\r\n\r\n"))
		}
		s.upload("gtil2.bin", data, nil, 422) // no such platform yet
		s.call("POST", "/api/v1/platforms", `{"name":"gtil2-sun"}`, 201)
		s.call("PUT", "/api/v1/devices/34:85:18:41:EB:78", `{"platform":"gtil2-sun"}`, 201)
		if got := board("34:85:18:41:EB:78", "Gtil2_Sun", "v0.1.10"); !strings.HasPrefix(got, "HTTP/1.1 304 ") {
			t.Errorf("before anything is published: %.200q", got)
		}
		if dry := s.upload("gtil2.bin", data, map[string]string{"dry_run": "1"}, 200); dry["version"] != "v0.1.11" {
			t.Errorf("%v", dry)
		}
		out := s.upload("gtil2.bin", data, nil, 201)
		if out["platform"] != "gtil2-sun" || out["version"] != "v0.1.11" || out["chip"] != "ESP32-C3" || out["md5"] != digestMD5(data) || out["sha256"] != digest(data) {
			t.Errorf("%v", out)
		}
		got := board("34:85:18:41:EB:78", "Gtil2_Sun", "v0.1.10")
		head, body, _ := strings.Cut(got, "\r\n\r\n")
		if body != string(data) || !strings.Contains(head, "\r\nx-MD5: "+digestMD5(data)) || !strings.HasPrefix(head, "HTTP/1.1 200 ") {
			t.Errorf("%s\n%d bytes; want %d", head, len(body), len(data))
		}
		for _, c := range []struct{ mac, dev, ver, status string }{
			{"34:85:18:41:EB:78", "Gtil2_Sun", "v0.1.11", "304"},
			{"34:85:18:41:EB:99", "Gtil2_Sun", "v0.1.10", "400"},
			{"34:85:18:41:EB:78", "made-up", "v0.1.10", "400"},
		} {
			if got := board(c.mac, c.dev, c.ver); !strings.HasPrefix(got, "HTTP/1.1 "+c.status+" ") {
				t.Errorf("%+v: %.200q", c, got)
			}
		}
		seen := s.call("GET", "/api/v1/devices/34:85:18:41:EB:99", "", 200)
		if seen["state"] != "new" || seen["requested_platform"] != "Gtil2_Sun" || seen["version"] != "v0.1.10" || seen["ip"] != "127.0.0.1" {
			t.Errorf("%v", seen)
		}
		again := s.upload("gtil2.bin", data, nil, 422)
		if msg := again["error"].(string); !strings.Contains(msg, "already published as v0.1.11") {
			t.Errorf("told %s", msg)
		}
	})
}

// TestRealFirmwareIsToldApart uploads each file into an empty server.
func TestRealFirmwareIsToldApart(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		status int
		says   string
	}{
		"esp8266-tag-01-normal.bin":         {201, ""},
		"esp8266-tag-01-normal.bin.gz":      {201, ""},
		"esp8266-signed-tag-01-normal.bin":  {201, ""},
		"esp32c3-tag-01-normal.bin":         {201, ""},
		"esp32c3-tag-02-underscore.bin":     {201, ""},
		"esp32c3-tag-03-no-v.bin":           {201, ""},
		"esp32c3-tag-05-trailing-param.bin": {201, ""},
		"esp32c3-tag-08-two-platforms.bin":  {422, "SMART-PLUG v3.4.5"},
		"esp32c3-tag-11-old-style.bin":      {422, "update?dev="},
		"esp32c3-tag-19-format-string.bin":  {422, "while it runs"},
		"mut-html-404.bin":                  {422, "HTML"},
		"neg-zerolength.bin":                {422, "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			data := realFirmware(t, name)
			s := newScript(t, dbtest.Open(t, dbtest.SQLite(t)))
			s.call("POST", "/api/v1/platforms", `{"name":"smart-lamp"}`, 201)
			out := s.upload(name, data, nil, want.status)
			if want.status == http.StatusCreated {
				if out["platform"] != "smart-lamp" || out["version"] != "v1.0.2" {
					t.Errorf("%v", out)
				}
				second := s.upload(name, data, nil, 422)
				if !strings.Contains(second["error"].(string), "already published as v1.0.2") {
					t.Errorf("%v", second["error"])
				}
				return
			}
			if !strings.Contains(out["error"].(string), want.says) || out["findings"] == nil {
				t.Errorf("%v", out["error"])
			}
			if l := s.call("GET", "/api/v1/platforms/smart-lamp/releases", "", 200); len(l["releases"].([]any)) != 0 {
				t.Errorf("something is kept of a refused file: %v", l)
			}
		})
	}
}

// TestUploadLimits holds what is refused before it is looked at.
func TestUploadLimits(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	app := newApp(t, d, func(c *handlers.Config) { c.MaxFirmware = 1000; c.Publisher.MaxSize = 1000 })
	s := &script{t, app, token(t, d, account.Admin, account.Write)}
	if e := s.upload("a.bin", make([]byte, 1001), nil, 413); !strings.Contains(e["error"].(string), "larger than 1000 B") {
		t.Errorf("%v", e)
	}
	s.upload("a.bin", make([]byte, 1000), nil, 422)
	s.upload("a.bin", make([]byte, 5_000_000), nil, 413)
	s.upload("a.bin", []byte("x"), map[string]string{"platform": strings.Repeat("p", 5000)}, 422)
	s.send("POST", "/api/v1/firmware", "application/octet-stream", strings.NewReader("x"), 422)
	s.send("POST", "/api/v1/firmware", "multipart/form-data; boundary=b", strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\ncut of"), 422)
	body, kind := multipartForm(t, "a.bin", nil, nil)
	s.send("POST", "/api/v1/firmware", kind, body, 422)
}
