package examples_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"esp-update-server/app/firmware/firmwaretest"
)

// ways are how a build publishes, as they are documented: a script for bash, run
// where a project's files lie, and where that build leaves its firmware.
var ways = map[string]struct {
	firmware string
	script   func(t *testing.T, dir string) string
}{
	"PlatformIO": {".pio/build/smart-lamp/firmware.bin", func(t *testing.T, dir string) string {
		keep(t, filepath.Join(dir, "platformio.ini"), block(t, "ini"))
		return block(t, "sh", "pio ")
	}},
	"GitHub Actions": {"build/smart-lamp.bin", func(t *testing.T, _ string) string { return step(t, block(t, "yaml")) }},
	"curl":           {"firmware.bin", func(t *testing.T, _ string) string { return block(t, "sh", "curl ") }},
	"curl of the README": {"firmware.bin", func(t *testing.T, _ string) string {
		line := regexp.MustCompile(`(?m)^    curl .*/api/v1/firmware$`).Find(read(t, "../README.md"))
		return "TOKEN=$ESP_UPDATE_TOKEN\n" + string(line)
	}},
}

func TestPublishing(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			server, token := behind(t)
			api(t, server, token, "POST", "platforms", `{"name": "smart-lamp"}`)
			b := newBuild(t, "http://"+server, token)
			b.script = way.script(t, b.dir)

			b.put(way.firmware, firmwaretest.Lamp("v1.0.1"))
			if said, status := b.run(); status != 0 || !strings.Contains(said, "smart-lamp") || !strings.Contains(said, "v1.0.1") {
				t.Errorf("a good file: exit status %d\n%s", status, said)
			}
			damaged := firmwaretest.Lamp("v1.0.2")
			damaged[len(damaged)-1] ^= 1
			b.put(way.firmware, damaged)
			said, status := b.run()
			if status == 0 {
				t.Errorf("a damaged file does not fail the build:\n%s", said)
			}
			for _, part := range []string{"Checksum wrong", "Build it again"} {
				if !strings.Contains(said, part) {
					t.Errorf("the log of a damaged file does not say %q:\n%s", part, said)
				}
			}
			if offered := offers(t, server, token); offered != "v1.0.1" {
				t.Errorf("the server offers %q", offered)
			}
		})
	}
}

// What a person gets to read when something else than the file is wrong.
func TestPublishingFails(t *testing.T) {
	server, token := behind(t)
	moved := httptest.NewServer(http.RedirectHandler("https://ota.example.com/", http.StatusMovedPermanently))
	t.Cleanup(moved.Close)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<h1>Welcome to nginx</h1>")
	}))
	t.Cleanup(page.Close)
	for name, c := range map[string]struct{ server, token, want string }{
		"no server":        {"", token, "Say where the update server is"},
		"no address":       {"file:///etc/passwd", token, "Say where the update server is"},
		"nobody there":     {"http://127.0.0.1:1", token, "cannot be reached"},
		"a port of words":  {"http://127.0.0.1:here", token, "cannot be reached"},
		"no token":         {"http://" + server, "", "Put a token into ESP_UPDATE_TOKEN"},
		"two lines":        {"http://" + server, token + "\nX-Other: 1", "Put a token into ESP_UPDATE_TOKEN"},
		"a wrong token":    {"http://" + server, token + "x", "token is not valid"},
		"another address":  {moved.URL, token, "https://ota.example.com/"},
		"another program":  {page.URL, token, "answered 200: <h1>Welcome to nginx</h1>"},
		"unknown platform": {"http://" + server, token, "there is no platform smart-lamp"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBuild(t, c.server, c.token)
			b.script = step(t, block(t, "yaml"))
			b.put("build/smart-lamp.bin", firmwaretest.Lamp("v1.0.1"))
			said, status := b.run()
			if status != 1 || !strings.Contains(said, "Not published. ") || !strings.Contains(said, c.want) {
				t.Errorf("exit status %d, and not %q:\n%s", status, c.want, said)
			}
			if strings.Contains(said, "Traceback") || c.token != "" && strings.Contains(said, c.token) {
				t.Errorf("says too much:\n%s", said)
			}
		})
	}
}

// What the file does not say comes from platformio.ini, and reaches the server.
func TestPublishingSaysWhatTheFileDoesNot(t *testing.T) {
	server, token := behind(t)
	api(t, server, token, "POST", "platforms", `{"name": "smart-lamp"}`)
	b := newBuild(t, "http://"+server, token)
	b.script = ways["PlatformIO"].script(t, b.dir)
	b.put(ways["PlatformIO"].firmware, firmwaretest.ESP8266App(strings.Repeat("no address ", 8)))
	if said, status := b.run(); status == 0 || !strings.Contains(said, "accept=tag-missing") {
		t.Errorf("exit status %d, and no way to confirm:\n%s", status, said)
	}
	options := "custom_update_platform = smart-lamp\ncustom_update_version = 1.4\ncustom_update_accept = tag-missing\n"
	keep(t, filepath.Join(b.dir, "platformio.ini"), block(t, "ini")+options)
	if said, status := b.run(); status != 0 || offers(t, server, token) != "v1.4.0" {
		t.Errorf("exit status %d:\n%s", status, said)
	}
}

// A file system is published as firmware is, named by its file.
func TestPublishingFileSystems(t *testing.T) {
	server, token := behind(t)
	api(t, server, token, "POST", "platforms", `{"name": "smart-lamp"}`)
	b := newBuild(t, "http://"+server, token)
	b.script = strings.Replace(step(t, block(t, "yaml")), "build/smart-lamp.bin", "smart-lamp_v1.2.0.littlefs.bin", 1)
	b.put("smart-lamp_v1.2.0.littlefs.bin", firmwaretest.LittleFS(8, 1))
	if said, status := b.run(); status != 0 || !strings.Contains(said, "Published: smart-lamp v1.2.0, a LittleFS file system, 32768 bytes.") {
		t.Errorf("exit status %d:\n%s", status, said)
	}
}

// build is a project's folder on a machine of a CI.
type build struct {
	t                          *testing.T
	dir, server, token, script string
}

func newBuild(t *testing.T, server, token string) *build {
	t.Helper()
	for _, program := range []string{"bash", "python3", "curl"} {
		tool(t, program)
	}
	b := &build{t: t, dir: t.TempDir(), server: server, token: token}
	b.put("publish.py", read(t, "ci/publish.py"))
	return b
}

func (b *build) put(name string, data []byte) {
	b.t.Helper()
	keep(b.t, filepath.Join(b.dir, name), string(data))
}

// run runs the script as GitHub does, with the server's real address in it.
func (b *build) run() (said string, status int) {
	b.t.Helper()
	stubs, err := filepath.Abs("stubs")
	if err != nil {
		b.t.Fatal(err)
	}
	address := strings.NewReplacer("http://192.168.1.10:5000", b.server, "http://localhost:5000", b.server)
	for _, name := range []string{"platformio.ini", "script"} {
		path := filepath.Join(b.dir, name)
		if name == "script" {
			keep(b.t, path, address.Replace(b.script))
		} else if _, err := os.Stat(path); err == nil {
			keep(b.t, path, address.Replace(string(read(b.t, path))))
		}
	}
	c := exec.Command("bash", "-e", "script")
	c.Dir = b.dir
	c.Env = append(os.Environ(), "PATH="+stubs+":"+os.Getenv("PATH"), "ESP_UPDATE_TOKEN="+b.token, "NO_PROXY=*", "no_proxy=*")
	out, err := c.CombinedOutput()
	if err != nil && c.ProcessState == nil {
		b.t.Fatal(err)
	}
	return string(out), c.ProcessState.ExitCode()
}

// block is the fenced block of the documentation in this language that begins so.
func block(t *testing.T, language string, start ...string) string {
	t.Helper()
	fence := "```" + language + "\n"
	for _, rest := range strings.Split(string(read(t, "README.md")), fence)[1:] {
		text, _, closed := strings.Cut(rest, "```\n")
		if closed && strings.HasPrefix(text, strings.Join(start, "")) {
			return text
		}
	}
	t.Fatalf("README.md has no block %s%q", fence, start)
	return ""
}

var (
	setting = regexp.MustCompile(`(?m)^    ([A-Z_]+): (.*)$`)
	command = regexp.MustCompile(`(?m)^  run: (.*)$`)
)

// step turns a step of GitHub Actions into a script. The secret is in the
// environment already, where GitHub would put it.
func step(t *testing.T, yaml string) string {
	t.Helper()
	run := command.FindStringSubmatch(yaml)
	if run == nil {
		t.Fatalf("no command in\n%s", yaml)
	}
	script := ""
	for _, s := range setting.FindAllStringSubmatch(yaml, -1) {
		if s[2] != "${{ secrets."+s[1]+" }}" {
			script += "export " + s[1] + "='" + s[2] + "'\n"
		}
	}
	return script + run[1] + "\n"
}

// offers is the version that the server offers for smart-lamp.
func offers(t *testing.T, server, token string) string {
	t.Helper()
	var p struct{ Version string }
	if err := json.Unmarshal(api(t, server, token, "GET", "platforms/smart-lamp", ""), &p); err != nil {
		t.Fatal(err)
	}
	return p.Version
}

// api is what the server answers to a call of its API, which must succeed.
func api(t *testing.T, server, token, method, path, body string) []byte {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+server+"/api/v1/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 400 {
		t.Fatalf("%s %s: %d %s %v", method, path, resp.StatusCode, said, err)
	}
	return said
}

func keep(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
