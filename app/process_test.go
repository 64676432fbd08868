package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"esp-update-server/db/dbtest"
)

// TestMain lets the test binary be the program itself, so that tests start real
// processes without building another binary; or a program that one did build.
func TestMain(m *testing.M) {
	switch program := os.Getenv("ESP_RUN_MAIN"); program {
	case "":
		os.Exit(m.Run())
	case "1":
		main()
	default:
		log.Fatal(syscall.Exec(program, os.Args, os.Environ()))
	}
}

// patience is how long tests wait for what is to happen: far longer than it takes on
// a machine that is busy with other things, since only a test that fails waits so long.
const patience = 90 * time.Second

// process is a running server.
type process struct {
	*exec.Cmd
	address string
	mu      sync.Mutex
	log     bytes.Buffer
	ended   chan struct{}
}

// command is the program with arguments and an environment of its own.
func command(t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append([]string{"ESP_RUN_MAIN=1", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, env...)
	c.Dir = t.TempDir()
	return c
}

// start runs a server on a free port and waits until it is ready.
func start(t testing.TB, env ...string) *process {
	t.Helper()
	return startUnder(t, "", env...)
}

// startUnder is start under what a shell sets first, such as ulimit -n 128.
func startUnder(t testing.TB, setting string, env ...string) *process {
	t.Helper()
	p := launch(t, setting, env...)
	p.waitFor(t, "msg=serving")
	p.waitUntilReady(t)
	return p
}

// launch is startUnder without the wait.
func launch(t testing.TB, setting string, env ...string) *process {
	t.Helper()
	port := strconv.Itoa(dbtest.FreePort(t))
	p := &process{Cmd: command(t, append([]string{"PORT=" + port, "BIND=127.0.0.1"}, env...)), address: "127.0.0.1:" + port, ended: make(chan struct{})}
	if setting != "" {
		p.Args = []string{"sh", "-c", setting + ` && exec "$0"`, p.Path}
		p.Path = "/bin/sh"
	}
	out, err := p.StderrPipe()
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go p.read(out)
	t.Cleanup(func() { p.kill() })
	return p
}

// read keeps the log and ends when the process does.
func (p *process) read(out io.Reader) {
	for s := bufio.NewScanner(out); s.Scan(); {
		p.mu.Lock()
		p.log.WriteString(s.Text() + "\n")
		p.mu.Unlock()
	}
	_ = p.Wait()
	close(p.ended)
}

func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// waitFor waits until the log has a text.
func (p *process) waitFor(t testing.TB, text string) {
	t.Helper()
	deadline := time.After(patience)
	for !strings.Contains(p.logged(), text) {
		select {
		case <-p.ended:
			if strings.Contains(p.logged(), text) { // since it was looked at
				return
			}
			t.Fatalf("the server ended:\n%s", p.logged())
		case <-deadline:
			t.Fatalf("no %q in the log:\n%s", text, p.logged())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	_ = p.Process.Kill()
	<-p.ended
}

// ends waits until the process is gone.
func (p *process) ends(t testing.TB) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("it does not end:\n%s", p.logged())
	}
}

// until waits until a condition holds.
func until(t testing.TB, what string, held func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !held(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// output runs a command to its end.
func output(t testing.TB, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	c := command(t, env, args...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = c.Process.Kill() })
	defer stop()
	_ = c.Run()
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

func TestStartIsRefused(t *testing.T) {
	dir := t.TempDir()
	file := dir + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	for want, env := range map[string][]string{
		"PORT: \"abc\" is not a whole number":             {"PORT=abc"},
		"PORT is 70000":                                   {"PORT=70000"},
		"port " + port + " is taken":                      {"BIND=127.0.0.1", "PORT=" + port},
		"BIND is \"nowhere\"":                             {"BIND=nowhere"},
		"DATA_DIR " + file + "/data cannot be written by": {"DATA_DIR=" + file + "/data"},
		"DATABASE_URL must start with postgres://":        {"DATABASE_URL=mysql://host/name"},
		"a dyno's disk is erased":                         {"DYNO=web.1"},
		"that DATABASE_URL names cannot be used: ":        {"DATABASE_URL=postgres://127.0.0.1:1/x"},
		"that DATABASE_URL names cannot be used: pq:":     {"DATABASE_URL=postgres://127.0.0.1/x?sslmode=bogus"},
		"SIGNUP is \"maybe\"":                             {"SIGNUP=maybe"},
		"PUBLIC_URL is \"example.com\"":                   {"PUBLIC_URL=example.com"},
		"TRUSTED_PROXIES has \"proxy\"":                   {"TRUSTED_PROXIES=10.0.0.0/8,proxy"},
		"MAX_FIRMWARE_SIZE: \"16MB\" is not a size":       {"MAX_FIRMWARE_SIZE=16MB"},
		"IMAGE_CACHE: \"-1\" is not a size":               {"IMAGE_CACHE=-1"},
		"KEEP_RELEASES is 0":                              {"KEEP_RELEASES=0"},
		"HISTORY_DAYS: \"x\"":                             {"HISTORY_DAYS=x"},
		"ACTIVITY_DAYS is 0":                              {"ACTIVITY_DAYS=0"},
		"MAX_NEW_DEVICES is 0":                            {"MAX_NEW_DEVICES=0"},
		"LOG_LEVEL is \"loud\"":                           {"LOG_LEVEL=loud"},
		"LOG_FORMAT is \"xml\"":                           {"LOG_FORMAT=xml"},
		"ADMIN_EMAIL is \"admin\"":                        {"ADMIN_EMAIL=admin", "ADMIN_PASSWORD=correct horse"},
		"ADMIN_EMAIL names a@example.com":                 {"ADMIN_EMAIL=a@example.com"},
		"ADMIN_PASSWORD: A password has at least":         {"ADMIN_EMAIL=a@example.com", "ADMIN_PASSWORD=short"},
	} {
		t.Run(strings.Fields(want)[0]+" "+env[len(env)-1], func(t *testing.T) {
			t.Parallel()
			_, stderr, code := output(t, env)
			if code != 1 || !strings.Contains(stderr, want) || strings.Contains(stderr, "panic") {
				t.Errorf("exit %d: %s", code, stderr)
			}
			if last := stderr[strings.LastIndex(strings.TrimSpace(stderr), "\n")+1:]; !strings.HasPrefix(last, "esp-update-server: ") {
				t.Errorf("not one sentence at the end: %q", last)
			}
		})
	}
}

func TestUnwritableDataDirNamesTheUser(t *testing.T) {
	if os.Getuid() == 0 {
		t.Log("run as root, who can write everywhere: only a path through a file is tried")
		return
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := output(t, []string{"DATA_DIR=" + dir})
	if code != 1 || !strings.Contains(stderr, fmt.Sprintf("uid %d", os.Getuid())) || !strings.Contains(stderr, "chown") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestSetupLinkComesBeforeListening(t *testing.T) {
	dir := t.TempDir()
	p := start(t, "DATA_DIR="+dir)
	log := p.logged()
	link, serving := strings.Index(log, "/setup?token="), strings.Index(log, "msg=serving")
	if link < 0 || link > serving {
		t.Errorf("the link is not logged first:\n%s", log)
	}
	p.kill()
	p = start(t, "DATA_DIR="+dir, "ADMIN_EMAIL=a@example.com", "ADMIN_PASSWORD=correct horse")
	if strings.Contains(p.logged(), "/setup") || !strings.Contains(p.logged(), "was created as an admin") || strings.Contains(p.logged(), "correct horse") {
		t.Errorf("%s", p.logged())
	}
	p.kill()
	p = start(t, "DATA_DIR="+dir)
	if strings.Contains(p.logged(), "/setup") {
		t.Errorf("a set-up link although there is an admin:\n%s", p.logged())
	}
}

func TestCommands(t *testing.T) {
	env := []string{"DATA_DIR=" + t.TempDir()}
	start(t, append(env, "ADMIN_EMAIL=a@example.com", "ADMIN_PASSWORD=correct horse")...)
	out, stderr, code := output(t, env, "token", "create", "--email", "A@example.com", "--name", "ci")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || !strings.HasPrefix(lines[len(lines)-1], "esp_") || strings.Contains(lines[len(lines)-1], " ") {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
	if out, _, code := output(t, env, "user", "link", "--email", "a@example.com"); code != 0 || !strings.Contains(out, "/password?token=") {
		t.Errorf("exit %d: %s", code, out)
	}
	if out, _, code := output(t, env, "version"); code != 0 || strings.TrimSpace(out) == "" {
		t.Errorf("exit %d: %q", code, out)
	}
	for _, args := range [][]string{
		{"token", "create", "--email", "b@example.com", "--name", "ci"}, {"user", "link", "--email", "b@example.com"}, {"user", "link", "--email", "b"}, {"dance"},
	} {
		if _, stderr, code := output(t, env, args...); code != 1 || !strings.HasPrefix(stderr, "esp-update-server: ") {
			t.Errorf("%v: exit %d: %s", args, code, stderr)
		}
	}
	out, _, code = output(t, env, "--help")
	for _, setting := range []string{"PORT", "BIND", "DATABASE_URL", "DATA_DIR", "ADMIN_EMAIL", "ADMIN_PASSWORD", "SIGNUP", "PUBLIC_URL", "TRUSTED_PROXIES",
		"MAX_FIRMWARE_SIZE", "IMAGE_CACHE", "KEEP_RELEASES", "HISTORY_DAYS", "ACTIVITY_DAYS", "MAX_NEW_DEVICES", "LOG_LEVEL", "LOG_FORMAT"} {
		if code != 0 || !strings.Contains(out, "$"+setting) {
			t.Errorf("--help does not tell of %s", setting)
		}
	}
}

// stop asks the server to stop, as Heroku and systemd do.
func (p *process) stop(t testing.TB) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}
