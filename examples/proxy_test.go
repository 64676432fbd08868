package examples_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// behind is the server as it stands behind a proxy, with a write token.
func behind(t *testing.T) (address, token string) {
	t.Helper()
	d := dbtest.Open(t, dbtest.SQLite(t))
	ctx := context.Background()
	payloads, err := d.Payloads(ctx)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	index := ota.NewIndex(d.Index)
	if err := index.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	writer := fleet.NewWriter(index.Heard, d.Devices, log)
	t.Cleanup(func() { writer.Close(context.Background()) })
	app, err := handlers.New(handlers.Config{
		Index: index, Writer: writer,
		Platforms: d.Platforms, Devices: d.Devices, Releases: d.Releases, Drafts: d.Drafts, History: d.History,
		Users: d.Users, Sessions: d.Sessions, Tokens: d.Tokens, Links: d.Links, Factors: d.Factors, Throttles: d.Throttles, Pins: d.Pins, Payloads: payloads,
		Publisher:      &release.Publisher{Store: d.Releases, MaxSize: 16 << 20, Keep: 10},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		MaxFirmware:    16 << 20, MaxNewDevices: 100, ImageCache: 64 << 20, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := handlers.Listen("127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = app.Listener(l) }()
	t.Cleanup(func() { _ = app.ShutdownWithTimeout(5 * time.Second) })
	u := &account.User{ID: account.NewID(), Email: "a@example.com", Role: account.Admin}
	token = account.TokenPrefix + account.NewSecret()
	if err := d.Users.Create(ctx, u); err != nil {
		t.Fatal(err)
	}
	if err := d.Tokens.Create(ctx, account.HashSecret(token), u.ID, "test", account.Write, nil); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String(), token
}

// proxy starts a real proxy with one of the example configurations, changed
// only in its addresses, and gives its address.
func proxy(t *testing.T, program, file, server string) string {
	t.Helper()
	path := tool(t, program)
	port := strconv.Itoa(dbtest.FreePort(t))
	address := net.JoinHostPort("127.0.0.1", port)
	text, err := os.ReadFile(filepath.Join("proxy", file))
	if err != nil {
		t.Fatal(err)
	}
	config := strings.NewReplacer("127.0.0.1:5000", server, "listen 80;", "listen "+address+";", "http://ota.example.com {", "http://127.0.0.1:"+port+" {").Replace(string(text))
	dir := t.TempDir()
	var c *exec.Cmd
	if program == "nginx" {
		c = exec.Command(path, "-p", dir, "-c", write(t, dir, nginxMain(dir, config)))
	} else {
		c = exec.Command(path, "run", "--adapter", "caddyfile", "--config", write(t, dir, caddyMain(config)))
		c.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	}
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if up, err := net.Dial("tcp", address); err == nil {
			_ = up.Close()
			return address
		}
	}
	t.Fatalf("%s does not come up:\n%s", program, said.String())
	return ""
}

func write(t *testing.T, dir, text string) string {
	t.Helper()
	path := filepath.Join(dir, "config")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// nginxMain is what an nginx.conf has around the files of conf.d.
func nginxMain(dir, config string) string {
	temp := ""
	for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temp += fmt.Sprintf("%s_temp_path %s/%s;\n", name, dir, name)
	}
	return "daemon off;\nmaster_process off;\npid " + dir + "/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n" + temp + config + "}\n"
}

// caddyMain leaves out the site with a certificate, which Caddy would fetch from
// the internet, and makes the one in the clear serve everything.
func caddyMain(config string) string {
	start, end := strings.Index(config, "ota.example.com {"), strings.Index(config, "# Boards that")
	body := config[start+len("ota.example.com {") : end]
	body = body[:strings.LastIndex(body, "}")]
	boards := config[end:]
	return "{\n\tadmin off\n\tauto_https off\n}\n" + strings.Replace(boards, "\tredir https://{host}{uri}\n", body, 1)
}

func TestProxies(t *testing.T) {
	for program, file := range map[string]string{"nginx": "nginx.conf", "caddy": "Caddyfile"} {
		t.Run(program, func(t *testing.T) {
			server, token := behind(t)
			front := proxy(t, program, file, server)
			api(t, front, token, "POST", "platforms", `{"name": "smart-lamp"}`)
			api(t, front, token, "PUT", "devices/18:FE:34:AA:BB:CC", `{"platform": "smart-lamp"}`)
			image := firmwaretest.ESP8266App(firmwaretest.Tag("smart-lamp", "v1.0.1") + strings.Repeat("0123456789", 1_000_000/10))
			if status, said := upload(t, front, token, image); status != http.StatusCreated {
				t.Fatalf("a file of %d bytes: %d %s", len(image), status, said)
			}
			if status, said := upload(t, front, token, make([]byte, 17<<20)); status != http.StatusRequestEntityTooLarge || !strings.Contains(said, "MAX_FIRMWARE_SIZE") {
				t.Errorf("a file over the limit: %d %.300s", status, said)
			}
			answer := board(t, front, "198.51.100.9")
			head, body, _ := strings.Cut(answer, "\r\n\r\n")
			if !strings.Contains(head, " 200 OK") || !strings.Contains(head, "Content-Length:") || strings.Contains(head, "chunked") || body != string(image) {
				t.Errorf("the board got %d bytes with %s", len(body), head)
			}
			if ip := heardFrom(t, front, token); ip != boardIP {
				t.Errorf("the address must be the one that the proxy saw, not one that the board made up: %q", ip)
			}
		})
	}
}

// heardFrom is the address that the board was heard from, once that is written.
func heardFrom(t *testing.T, server, token string) (ip string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ip == "" && time.Now().Before(end); {
		var seen struct{ IP string }
		if err := json.Unmarshal(api(t, server, token, "GET", "devices/18:FE:34:AA:BB:CC", ""), &seen); err != nil {
			t.Fatal(err)
		}
		ip = seen.IP
	}
	return ip
}

func upload(t *testing.T, address, token string, data []byte) (int, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	f, err := w.CreateFormFile("file", "firmware.bin")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write(data)
	_ = w.Close()
	r, err := http.NewRequest("POST", "http://"+address+"/api/v1/firmware", &b)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(said)
}

// boardIP is where the board is: another address than the proxy's.
const boardIP = "127.0.0.2"

// board asks as an ESP8266 does, and says that it came from elsewhere.
func board(t *testing.T, address, claimed string) string {
	t.Helper()
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(boardIP)}}
	c, err := from.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	_, _ = fmt.Fprintf(c, "GET /update?dev=SMART_LAMP&ver=v1.0.0 HTTP/1.0\r\nHost: %s\r\nUser-Agent: ESP8266-http-Update\r\nConnection: close\r\n"+
		"X-Forwarded-For: %s\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\nx-ESP8266-mode: sketch\r\n\r\n", address, claimed)
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}
