package dbtest

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Server is a Postgres server of a test's own, which may stop it and start it
// again. It is gone when the test ends.
type Server struct {
	URL string

	t        testing.TB
	bin, dir string
	port     int
	settings []string
	running  *exec.Cmd
}

// NewServer starts a server with settings of postgresql.conf. Where there is no
// Postgres the test is not run, and fails in CI.
func NewServer(t testing.TB, settings ...string) *Server {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		Postgres(t)
		t.Fatal("no Postgres server is installed: run scripts/test")
	}
	dir, err := os.MkdirTemp("", "esp-update-server-postgres-*") // that of the test is closed to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &Server{t: t, bin: filepath.Dir(found[len(found)-1]), dir: dir, port: FreePort(t)}
	s.settings = append([]string{"listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "port=" + strconv.Itoa(s.port)}, settings...)
	s.URL = fmt.Sprintf("postgres://test@127.0.0.1:%d/postgres?sslmode=disable", s.port)
	s.own(dir)
	init := s.command("initdb", "-D", "data", "-U", "test", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")
	if out, err := init.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// Write puts a file beside the data of the server, for its settings to name.
func (s *Server) Write(name string, data []byte) (path string) {
	s.t.Helper()
	path = filepath.Join(s.dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.own(path)
	return path
}

// own gives a file to who runs Postgres, which refuses to run as root.
func (s *Server) own(path string) {
	if c := owner(); c != nil {
		if err := os.Chown(path, int(c.Uid), int(c.Gid)); err != nil {
			s.t.Fatal(err)
		}
	}
}

func owner() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.ParseUint(u.Uid, 10, 32)
			gid, _ := strconv.ParseUint(u.Gid, 10, 32)
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	return nil
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, name), args...) // #nosec G204 -- a program of Postgres
	c.Dir, c.Env = s.dir, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: owner(), Setpgid: true}
	return c
}

// Start starts the server and waits until it answers. Settings come on top of
// those that it was made with.
func (s *Server) Start(settings ...string) {
	s.t.Helper()
	args := []string{"-D", "data"}
	for _, v := range append(append([]string{}, s.settings...), settings...) {
		args = append(args, "-c", v)
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.running = s.command("postgres", args...)
	s.running.Stdout, s.running.Stderr = log, log
	if err := s.running.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.await()
}

func (s *Server) await() {
	s.t.Helper()
	d, err := sql.Open("postgres", s.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	defer d.Close()
	for end := time.Now().Add(60 * time.Second); d.Ping() != nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			said, _ := os.ReadFile(filepath.Join(s.dir, "server.log"))
			s.t.Fatalf("Postgres does not answer:\n%s", said)
		}
	}
}

// Stop stops the server as a restart of its machine would: whoever is connected
// is cut off.
func (s *Server) Stop() {
	if s.running == nil {
		return
	}
	_ = s.running.Process.Signal(syscall.SIGINT)
	_ = s.running.Wait()
	s.running = nil
}

// Freeze lets the server say nothing more, with all connections open, as one does
// whose machine hangs; Thaw lets it go on.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw ends Freeze.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

// signal sends a signal to the server and to its processes, each of which is in a
// group of its own.
func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	pid := s.running.Process.Pid
	if err := syscall.Kill(pid, sig); err != nil { // it makes no more of them
		s.t.Fatal(err)
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, child := range strings.Fields(string(children)) {
		if n, err := strconv.Atoi(child); err == nil {
			_ = syscall.Kill(n, sig)
		}
	}
}
