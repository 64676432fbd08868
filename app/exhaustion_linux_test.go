package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"esp-update-server/db/dbtest"
)

// limit bounds what a running process may have, as ulimit does.
func (p *process) limit(t testing.TB, resource int, n uint64) {
	t.Helper()
	var now syscall.Rlimit
	p.prlimit(t, resource, nil, &now)
	p.prlimit(t, resource, &syscall.Rlimit{Cur: min(n, now.Max), Max: now.Max}, nil)
}

func (p *process) prlimit(t testing.TB, resource int, set, get *syscall.Rlimit) {
	t.Helper()
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(p.Process.Pid), uintptr(resource),
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(get)), 0, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
}

// plenty is more than any limit.
const plenty = 1 << 62

// crowd opens connections that say nothing, and counts those of them that are
// refused with 503.
func (p *process) crowd(t testing.TB, n int) (open []net.Conn, refused *atomic.Int64) {
	t.Helper()
	refused = &atomic.Int64{}
	for range n {
		c, err := net.Dial("tcp", p.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		open = append(open, c)
		go func() {
			answer := make([]byte, 12)
			if _, err := io.ReadFull(c, answer); err == nil && string(answer[9:12]) == "503" {
				refused.Add(1)
			}
		}()
	}
	return open, refused
}

// TestMoreConnectionsThanDescriptors holds that a server under a low ulimit -n
// refuses what is too much, and serves again when there is room.
func TestMoreConnectionsThanDescriptors(t *testing.T) {
	p := startUnder(t, "ulimit -n 128", "DATA_DIR="+t.TempDir(), "ADMIN_EMAIL=a@example.com", "ADMIN_PASSWORD=correct horse")
	open, refused := p.crowd(t, 200)
	// At most 64 are let in at a time. Those go after ten seconds without a request, which a
	// busy machine may need to look at all.
	until(t, "many of 200 connections are refused", func() bool { return refused.Load() >= 50 })
	for _, c := range open {
		_ = c.Close()
	}
	until(t, "a board is served again", func() bool { return p.tries() == "400" })
	if lines := strings.Count(p.logged(), "\n"); lines > 30 {
		t.Errorf("%d lines are logged:\n%s", lines, p.logged())
	}
}

// TestNoDescriptorLeft holds that a server that can open nothing at all says so
// once, lives, and lets in who waited.
func TestNoDescriptorLeft(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	s.limit(t, syscall.RLIMIT_NOFILE, 3)
	if got := s.triesFor(time.Second); got != "" {
		t.Errorf("without a descriptor a board got %s", got)
	}
	s.waitFor(t, "no new connection can be taken")
	waits := make(chan string)
	go func() { waits <- s.tries() }()
	s.limit(t, syscall.RLIMIT_NOFILE, plenty)
	if got := <-waits; got != "304" {
		t.Errorf("who waited got %q", got)
	}
	if n := strings.Count(s.logged(), "no new connection can be taken"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}

// TestFullDisk fills the disk under a running server, by a bound on how large its
// files may grow: it refuses what it cannot keep, boards get their answers, and
// with room again all goes on without a restart.
func TestFullDisk(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	offered := "v1.0.1"
	if status, err := s.upload(large(offered)); status != http.StatusCreated {
		t.Fatal(status, err)
	}
	for round := range 2 {
		s.limit(t, syscall.RLIMIT_FSIZE, s.largest(t)+64<<10)
		v := fmt.Sprintf("v1.1.%d", round)
		status, answer, err := s.publish(large(v))
		if err != nil || status != http.StatusInsufficientStorage || !strings.Contains(string(answer), "disk is full") {
			t.Fatalf("an upload got %d %s %v", status, answer, err)
		}
		if head, body := s.board("v1.0.0"); !strings.Contains(head, "x-version: "+offered) || !bytes.Equal(body, large(offered)) {
			t.Errorf("a board got %s and %d bytes", head, len(body))
		}
		for range 50 {
			if got := s.tries(); got != "304" {
				t.Fatalf("a board got %q", got)
			}
		}
		if there := s.versions(); !there[offered] || there[v] {
			t.Errorf("there are %v", there)
		}
		s.limit(t, syscall.RLIMIT_FSIZE, plenty)
		if status, err := s.upload(large(v)); status != http.StatusCreated {
			t.Fatalf("with room again an upload got %d %v", status, err)
		}
		offered = v
	}
	s.kill()
	s.restart()
	if there := s.versions(); !there["v1.0.1"] || !there["v1.1.0"] || !there["v1.1.1"] {
		t.Errorf("after a restart there are %v", there)
	}
}

// TestNothingCanBeWritten takes all room from a running server: who has a token
// still sees all, what would have to be kept is refused in words, and boards are
// answered.
func TestNothingCanBeWritten(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	unused, stderr, _ := output(t, s.env, "token", "create", "--email", "a@example.com", "--name", "unused")
	if unused == "" {
		t.Fatal(stderr)
	}
	lines := strings.Split(strings.TrimSpace(unused), "\n")
	s.limit(t, syscall.RLIMIT_FSIZE, 1)
	s.token = lines[len(lines)-1]
	if status, answer, err := s.send("GET", "/api/v1/platforms", "", nil); status != http.StatusOK {
		t.Errorf("to look got %d %s %v", status, answer, err)
	}
	for _, r := range []struct{ method, path, kind, body string }{
		{"PUT", "/api/v1/devices/18fe34aabbcc", "application/json", `{"notes":"new"}`},
		{"POST", "/api/v1/platforms", "application/json", `{"name":"another"}`},
		{"POST", "/session", "application/x-www-form-urlencoded", "email=a@example.com&password=correct+horse"},
		{"POST", "/users", "application/x-www-form-urlencoded", "email=b@example.com&password=correct+horse"},
	} {
		status, answer, err := s.send(r.method, r.path, r.kind, strings.NewReader(r.body))
		if status != http.StatusInsufficientStorage || !strings.Contains(string(answer), "disk is full") {
			t.Errorf("%s %s got %d %.200s %v", r.method, r.path, status, answer, err)
		}
	}
	if got := s.tries(); got != "304" {
		t.Errorf("a board got %q", got)
	}
	s.limit(t, syscall.RLIMIT_FSIZE, plenty)
	if status, answer, err := s.send("PUT", "/api/v1/devices/18fe34aabbcc", "application/json", strings.NewReader(`{"notes":"new"}`)); status != http.StatusOK {
		t.Errorf("with room again got %d %s %v", status, answer, err)
	}
}

// largest is the size of the largest file that the server keeps.
func (s *site) largest(t testing.TB) (size uint64) {
	t.Helper()
	files, _ := filepath.Glob(strings.TrimPrefix(s.env[0], "DATA_DIR=") + "/*")
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		size = max(size, uint64(info.Size()))
	}
	return size
}
