package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"esp-update-server/app/firmware"
	"esp-update-server/app/firmware/firmwaretest"
)

// files writes files for a command and gives their paths.
func files(t *testing.T, contents ...[]byte) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for i, data := range contents {
		path := filepath.Join(dir, string(rune('a'+i))+".bin")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

func TestInspectInWords(t *testing.T) {
	paths := files(t, firmwaretest.Lamp("v1.0.2"), []byte("<!DOCTYPE html><h1>404</h1>"))
	out, _, code := output(t, nil, "inspect", paths[0])
	for _, want := range []string{"a.bin  ready to publish", "application for ESP8266", "smart-lamp", "v1.0.2", "Checksum right", "✓"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit %d, no %q in:\n%s", code, want, out)
		}
	}
	if strings.Contains(out, "\x1b[") {
		t.Error("colours where there is no terminal")
	}
	out, stderr, code := output(t, nil, append([]string{"inspect"}, paths...)...)
	if code != 1 || !strings.Contains(out, "b.bin  not fit for a board") || !strings.Contains(out, "HTML") || !strings.Contains(stderr, "not every file") {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
	if _, stderr, code := output(t, nil, "inspect", "/nowhere.bin"); code != 1 || !strings.Contains(stderr, "no such file") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestInspectAsJSON(t *testing.T) {
	paths := files(t, firmwaretest.Lamp("v1.0.2"), firmwaretest.ESP32App(firmwaretest.ESP32C3, "no tag"))
	out, _, code := output(t, nil, append([]string{"inspect", "--json"}, paths...)...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || len(lines) != 2 {
		t.Fatalf("exit %d, %d lines: %s", code, len(lines), out)
	}
	var reports [2]firmware.Inspection
	for i := range reports {
		if err := json.Unmarshal([]byte(lines[i]), &reports[i]); err != nil {
			t.Fatal(err)
		}
	}
	if r := reports[0]; r.File != "a.bin" || !r.Publishable || r.Platform != "smart-lamp" || r.Version != "v1.0.2" || r.ChecksumValid == nil || !*r.ChecksumValid || r.HashValid != nil {
		t.Errorf("%+v", r)
	}
	if r := reports[1]; !r.Sendable || r.Publishable || r.Chip != "ESP32-C3" || r.HashValid == nil || !*r.HashValid {
		t.Errorf("%+v", r)
	}
}

func TestInspectExtracts(t *testing.T) {
	app := firmwaretest.ESP32App(firmwaretest.ESP32C3, firmwaretest.Tag("smart-lamp", "v1.0.2"))
	paths := files(t, firmwaretest.Merged(app), app)
	if out, _, code := output(t, nil, "inspect", paths[0]); code != 1 || !strings.Contains(out, "merged for ESP32-C3") || !strings.Contains(out, "Use the application inside it (inspect --extract OUT FILE), or") {
		t.Errorf("exit %d: %s", code, out)
	}
	inside := filepath.Join(t.TempDir(), "app.bin")
	out, stderr, code := output(t, nil, "inspect", "--extract", inside, paths[0])
	if got, err := os.ReadFile(inside); code != 0 || err != nil || !bytes.Equal(got, app) || !strings.Contains(out, "app.bin  ready to publish") {
		t.Errorf("exit %d, %d bytes, %v: %s%s", code, len(got), err, out, stderr)
	}
	if _, stderr, code := output(t, nil, "inspect", "--extract", inside, paths[1]); code != 1 || !strings.HasPrefix(stderr, "esp-update-server: ") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
