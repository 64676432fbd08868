// Package examples_test checks the sketches with a C++ compiler. The boards' own compilers and cores are too large to
// ask for in a test, so small stubs declare what the sketches use of them.
package examples_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// cores are what each sketch has to compile for, by the folder it is in. The marker is for all of them.
var cores = map[string][]core{
	"esp32": {
		{"arduino-esp32 2", "esp32", []string{"-DESP32", "-DESP_ARDUINO_VERSION_MAJOR=2"}},
		{"arduino-esp32 3", "esp32", []string{"-DESP32", "-DESP_ARDUINO_VERSION_MAJOR=3", "-DLED_BUILTIN=2"}},
	},
	"esp8266": {
		{"esp8266 3", "esp8266", []string{"-DESP8266"}},
	},
}

type core struct {
	name  string
	stubs string // folder below stubs
	flags []string
}

func TestSketchesCompile(t *testing.T) {
	for _, sketch := range sketches(t) {
		for _, core := range coresOf(sketch) {
			t.Run(sketch+" for "+core.name, func(t *testing.T) {
				t.Parallel()
				if out, err := compile(t, core, sketch, "-fsyntax-only"); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}

// The sketches would be worth nothing if the server did not find platform and version in what they compile to.
func TestServerFindsSketchesInTheirBinary(t *testing.T) {
	for _, sketch := range sketches(t) {
		want := "update?dev=smart-lamp&ver=v1.0.0\x00"
		if bytes.Contains(read(t, sketch), []byte("\nESP_UPDATE_MARKER(")) {
			want = "ESPOTA:dev=smart-lamp;ver=v1.2.0\x00"
		}
		for _, core := range coresOf(sketch) {
			t.Run(sketch+" for "+core.name, func(t *testing.T) {
				t.Parallel()
				object := filepath.Join(t.TempDir(), "sketch.o")
				if out, err := compile(t, core, sketch, "-Os", "-c", "-o", object); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				if !bytes.Contains(read(t, object), []byte(want)) {
					t.Errorf("the object file does not contain %q", want)
				}
			})
		}
	}
}

// A check that passes everything proves nothing: these mistakes were all made in sketches that people copied.
func TestBrokenSketchesAreRejected(t *testing.T) {
	const sketch = "esp8266/basic/basic.ino"
	for name, broken := range map[string]struct{ old, new string }{
		"missing quote":             {`#define VERSION "v1.0.0"`, `#define VERSION "v1.0.0`},
		"comment of a shell script": {"// Keep this", "# Keep this"},
		"update without a client":   {"update(client, ", "update("},
		"missing semicolon":         {"WiFiClient client;", "WiFiClient client"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := string(read(t, sketch))
			if !strings.Contains(text, broken.old) {
				t.Fatalf("%s does not contain %q any more", sketch, broken.old)
			}
			file := filepath.Join(t.TempDir(), "broken.ino")
			text = strings.Replace(text, broken.old, broken.new, 1)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := compile(t, cores["esp8266"][0], file, "-fsyntax-only"); err == nil {
				t.Errorf("accepted\n%s", out)
			}
		})
	}
}

// Boards' firmware is linked in this way, and data that nothing refers to is left out.
func TestMarkerSurvivesTheLinker(t *testing.T) {
	for language, std := range map[string]string{"c": "gnu11", "c++": "gnu++17"} {
		for use, want := range map[string]bool{
			`ESP_UPDATE_MARKER("smart-lamp", "v1.2.0");`:                       true,
			`const char marker[] = "ESPOTA:dev=smart-lamp;ver=v1.2.0";`:        false,
			`static const char marker[] = "ESPOTA:dev=smart-lamp;ver=v1.2.0";`: false,
		} {
			t.Run(language+" "+use, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				source, program := filepath.Join(dir, "main.c"), filepath.Join(dir, "program")
				text := "#include \"esp_update_marker.h\"\n" + use + "\nint main(void) { return 0; }\n"
				if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				out, err := gxx(t, "-x", language, "-std="+std, "-Os", "-ffunction-sections", "-fdata-sections",
					"-Wall", "-Wextra", "-Werror", "-Wno-unused-variable", "-Wno-unused-const-variable",
					"-I", "marker", source, "-Wl,--gc-sections", "-o", program)
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				if got := bytes.Contains(read(t, program), []byte("ESPOTA:dev=smart-lamp;ver=v1.2.0\x00")); got != want {
					t.Errorf("marker in the program: %v, want %v", got, want)
				}
			})
		}
	}
}

func sketches(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, pattern := range []string{"*/*.ino", "*/*/*.ino"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, files...)
	}
	if len(found) < 5 {
		t.Fatalf("only these sketches were found: %v", found)
	}
	return found
}

func coresOf(sketch string) []core {
	folder, _, _ := strings.Cut(filepath.ToSlash(sketch), "/")
	if own, ok := cores[folder]; ok {
		return own
	}
	return append(append([]core{}, cores["esp32"]...), cores["esp8266"]...)
}

// compile runs the compiler over a sketch as the Arduino tools do, who include Arduino.h without being asked.
func compile(t *testing.T, core core, sketch string, mode ...string) (string, error) {
	t.Helper()
	args := append([]string{"-x", "c++", "-std=gnu++17", "-Wall", "-Werror", "-include", "Arduino.h",
		"-I", "stubs", "-I", filepath.Join("stubs", core.stubs), "-I", "marker"}, core.flags...)
	return gxx(t, append(append(args, mode...), sketch)...)
}

func gxx(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := exec.Command(tool(t, "g++"), args...).CombinedOutput()
	return string(out), err
}

// tool is where a program is that a test needs.
func tool(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("CI") != "" || os.Getenv("ESP_REQUIRE_ALL") != "" {
			t.Fatalf("%s is not installed: run scripts/test", program)
		}
		t.Skipf("%s is not installed; scripts/test installs it", program)
	}
	return path
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
