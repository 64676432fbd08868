package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clock is the clock of the processes that run a program with a clock.
type clock struct {
	t    *testing.T
	file *os.File
}

func newClock(t *testing.T) *clock {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "clock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return &clock{t, file}
}

// set lets the clock be wrong by some time.
func (c *clock) set(wrong time.Duration) {
	c.t.Helper()
	seconds := binary.NativeEndian.AppendUint64(nil, uint64(wrong/time.Second))
	if _, err := c.file.WriteAt(seconds, 0); err != nil {
		c.t.Fatal(err)
	}
}

// env is the environment of processes that go by this clock.
func (c *clock) env(program string) []string {
	return []string{"ESP_RUN_MAIN=" + program, "ESP_CLOCK=" + c.file.Name()}
}

// programWithClock builds the program with a standard library whose clock can be
// set (testdata/now.go.txt): only the machine's owner may set its clock, and that would
// disturb all else.
func programWithClock(t *testing.T) (path string) {
	t.Helper()
	dir := t.TempDir()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	library := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	added, err := filepath.Abs("testdata/now.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	replaced := map[string]string{
		filepath.Join(library, "time.go"): withoutNow(t, filepath.Join(library, "time.go"), dir),
		filepath.Join(library, "now.go"):  added,
	}
	text, err := json.Marshal(map[string]any{"Replace": replaced})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "overlay.json"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "program")
	build := exec.Command("go", "build", "-buildvcs=false", "-overlay", filepath.Join(dir, "overlay.json"), "-o", path, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// withoutNow copies a file of the package time in which its function Now has
// another name.
func withoutNow(t *testing.T, path, dir string) (copied string) {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	now := []byte("\nfunc Now() Time {")
	if bytes.Count(source, now) != 1 {
		t.Fatalf("this Go declares Now elsewhere than in %s, or otherwise", path)
	}
	copied = filepath.Join(dir, "time.go")
	if err := os.WriteFile(copied, bytes.Replace(source, now, []byte("\nfunc trueNow() Time {"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	return copied
}
