package examples_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"esp-update-server/app/firmware/firmwaretest"
)

const idfSource = "esp-idf/main/main.c"

// idfs are versions of ESP-IDF between which the example differs, as the stubs know them.
var idfs = map[string]string{"ESP-IDF 5.0": "-DESP_IDF=500", "ESP-IDF 5.5": "-DESP_IDF=505"}

func TestIDFCompiles(t *testing.T) {
	for name, flag := range idfs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object := filepath.Join(t.TempDir(), "main.o")
			if out, err := idf(t, flag, "-Os", "-c", idfSource, "-o", object); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if want := "update?dev=smart-lamp&ver=v1.0.0\x00"; !bytes.Contains(read(t, object), []byte(want)) {
				t.Errorf("the object file does not contain %q", want)
			}
		})
	}
}

// The stubs must be strict enough to notice what a person may get wrong.
func TestBrokenIDFIsRejected(t *testing.T) {
	for name, broken := range map[string]struct{ old, new string }{
		"callback of another type": {"identify(esp_http_client_handle_t client)", "identify(const char *client)"},
		"a name without the macro": {`"x-ESP32-STA-MAC", text`, `x-ESP32-STA-MAC, text`},
		"wrong format":             {`LOGI(TAG, "installing %s", next.version)`, `LOGI(TAG, "installing %d", next.version)`},
		"not of this field":        {".http_client_init_cb", ".http_client_init"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := string(read(t, idfSource))
			if !strings.Contains(text, broken.old) {
				t.Fatalf("%s does not contain %q any more", idfSource, broken.old)
			}
			file := filepath.Join(t.TempDir(), "main.c")
			if err := os.WriteFile(file, []byte(strings.Replace(text, broken.old, broken.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := idf(t, "-DESP_IDF=505", "-fsyntax-only", file); err == nil {
				t.Errorf("accepted\n%s", out)
			}
		})
	}
}

// idf compiles C for the stubs, with the name and version that the project's CMakeLists.txt sets.
func idf(t *testing.T, args ...string) (string, error) {
	t.Helper()
	project := read(t, "esp-idf/CMakeLists.txt")
	name := regexp.MustCompile(`(?m)^project\((.+)\)$`).FindSubmatch(project)
	version := regexp.MustCompile(`(?m)^set\(PROJECT_VER "(.+)"\)$`).FindSubmatch(project)
	if name == nil || version == nil {
		t.Fatalf("no name or version in\n%s", project)
	}
	return gxx(t, append([]string{"-x", "c", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-I", "stubs/esp-idf",
		`-DPROJECT_NAME="` + string(name[1]) + `"`, `-DPROJECT_VER="` + string(version[1]) + `"`}, args...)...)
}

// The example runs on this machine, with ESP-IDF played, and asks a real server.
func TestIDFUpdates(t *testing.T) {
	for name, flag := range idfs {
		t.Run(name, func(t *testing.T) {
			server, token := behind(t)
			program := runnable(t, server, flag)
			expect := func(state, project string, parts ...string) {
				t.Helper()
				out, err := exec.Command(program, project).CombinedOutput()
				for _, part := range append(parts, "confirmed\n") {
					if err != nil || !bytes.Contains(out, []byte(part)) {
						t.Errorf("%s: %v, and no %q in\n%s", state, err, part, out)
					}
				}
			}
			api(t, server, token, "POST", "platforms", `{"name": "smart-lamp"}`)
			expect("new", "smart-lamp", "24:6F:28:AA:BB:CC is not on the whitelist", "no update: ", "waiting 3600 s")
			api(t, server, token, "PUT", "devices/24:6F:28:AA:BB:CC", `{"platform": "smart-lamp"}`)
			expect("nothing published", "smart-lamp", "smart-lamp v1.0.0 is up to date", "waiting 3600 s")
			image := firmwaretest.ESP32App(firmwaretest.ESP32, firmwaretest.Tag("smart-lamp", "v1.0.1"))
			if status, said := upload(t, server, token, image); status != http.StatusCreated {
				t.Fatalf("%d %s", status, said)
			}
			expect("another project's", "smart-lamp", "of another project: arduino-lib-builder", "no update: ", "waiting 3600 s")
			expect("newer", "arduino-lib-builder", "installing ", fmt.Sprintf("restarted with %d bytes", len(image)))
		})
	}
}

// A firmware that reaches nobody must not be confirmed.
func TestIDFStaysOnTrial(t *testing.T) {
	out, err := exec.Command(runnable(t, "127.0.0.1:1", "-DESP_IDF=505")).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("no update: ")) || bytes.Contains(out, []byte("confirmed")) {
		t.Errorf("%v\n%s", err, out)
	}
}

// runnable is the example as a program for this machine, which asks that server.
func runnable(t *testing.T, server, flag string) string {
	t.Helper()
	dir := t.TempDir()
	source, program := filepath.Join(dir, "main.c"), filepath.Join(dir, "board")
	text := strings.Replace(string(read(t, idfSource)), "192.168.1.10:5000", server, 1)
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := idf(t, flag, source, "-x", "c", "stubs/esp-idf/host.c", "-o", program); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}
