package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// Who may sign in to the servers that are measured, on loopback while they are.
const (
	admin    = "bench@example.com"
	password = "a fleet of boards"
)

// contender is one server process that is measured.
type contender struct {
	name    string
	engine  string
	devices int
	address string
	command []string
	env     []string
	token   string
	process *exec.Cmd
	log     bytes.Buffer
}

// startEmpty starts the yardstick: a Fiber app that does nothing.
func (b *bench) startEmpty(ctx context.Context) (*contender, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &contender{name: "an empty Fiber handler", address: freeAddress()}
	c.command = []string{self, "-empty", c.address}
	return c, c.start(ctx, "/")
}

// startFleet starts this server with so many devices and publishes for them.
func (b *bench) startFleet(ctx context.Context, engine string, devices int) (*contender, error) {
	where, err := b.database(ctx, engine, devices)
	if err != nil {
		return nil, err
	}
	c := b.newServer(engine, devices, where)
	if err := c.start(ctx, "/readyz"); err != nil {
		return nil, err
	}
	if c.token, err = c.newToken(ctx); err != nil {
		return nil, err
	}
	if err := c.publish(ctx); err != nil || devices <= fleet.MaxWaiting {
		return c, err
	}
	return c, c.know(ctx, where)
}

// know lets a large fleet have said all that it says: one device of each platform
// says it, and what is known of it then is known of all.
func (c *contender) know(ctx context.Context, where db.Config) error {
	said := map[string]string{}
	caller := caller{load: &load{address: c.address, version: newest}}
	for i := 0; len(said) < len(dbtest.FilledPlatforms()); i++ {
		mac, platform, permitted := dbtest.Filled(i)
		if !permitted || said[platform] != "" {
			continue
		}
		if err := caller.ask(board{fleet.MAC(mac).String(), platform}); err != nil {
			return err
		}
		said[platform] = mac
	}
	if err := c.drain(ctx); err != nil {
		return err
	}
	c.stop()
	for _, mac := range said {
		if err := dbtest.Alike(where, mac); err != nil {
			return err
		}
	}
	return c.start(ctx, "/readyz")
}

func (b *bench) newServer(engine string, devices int, where db.Config) *contender {
	c := &contender{name: fmt.Sprintf("%s, %s devices", engine, grouped(devices)), engine: engine, devices: devices, address: freeAddress()}
	host, port, _ := net.SplitHostPort(c.address)
	c.command = []string{b.binary}
	c.env = []string{"PORT=" + port, "BIND=" + host, "LOG_LEVEL=warn", "ADMIN_EMAIL=" + admin, "ADMIN_PASSWORD=" + password,
		"DATA_DIR=" + where.Dir, "DATABASE_URL=" + where.URL}
	return c
}

// database makes a database with devices in it.
func (b *bench) database(ctx context.Context, engine string, devices int) (db.Config, error) {
	b.databases++
	name := fmt.Sprintf("bench_%d_%d", os.Getpid(), b.databases)
	where := db.Config{Dir: filepath.Join(b.dir, name)}
	if engine == "Postgres" {
		u, err := url.Parse(b.postgres)
		if err != nil {
			return where, errors.New("TEST_DATABASE_URL is not a URL")
		}
		if err := createDatabase(ctx, b.postgres, name); err != nil {
			return where, err
		}
		u.Path = "/" + name
		where = db.Config{URL: u.String()}
	} else if err := os.Mkdir(where.Dir, 0o700); err != nil {
		return where, err
	}
	d, err := db.Open(ctx, where) // makes the schema
	if err != nil {
		return where, err
	}
	d.Close()
	return where, dbtest.Load(where, devices)
}

// start runs the process and waits until it answers 200 on a path.
func (c *contender) start(ctx context.Context, ready string) error {
	c.process = exec.CommandContext(ctx, c.command[0], c.command[1:]...) // #nosec G204 -- programs that were built a moment ago
	c.process.Env = append(os.Environ(), c.env...)
	c.process.Stderr, c.process.Stdout = &c.log, &c.log
	if err := c.process.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get("http://" + c.address + ready)
		if err != nil {
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode < 400 {
			return nil
		}
	}
	return fmt.Errorf("%s did not start:\n%s", c.name, c.log.String())
}

func (c *contender) stop() {
	_ = c.process.Process.Signal(syscall.SIGTERM)
	_ = c.process.Wait()
}

func (c *contender) newToken(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, c.command[0], "token", "create", "--email", admin, "--name", "bench") // #nosec G204 -- as above
	cmd.Env = append(os.Environ(), c.env...)
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("making a token: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1], nil
}

// cpu is the user and system time that the process took so far; 0 where the
// system does not tell.
func (c *contender) cpu() time.Duration {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.process.Process.Pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(data), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond // Linux counts in hundredths of a second
}

// memory is the resident memory of the process in bytes; 0 where the system does
// not tell.
func (c *contender) memory() int64 {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.process.Process.Pid))
	_, after, _ := strings.Cut(string(data), "VmRSS:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseInt(fields[0], 10, 64)
	return kib << 10
}

// freeAddress is an address on loopback that nobody listens on.
func freeAddress() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "127.0.0.1:0"
	}
	defer l.Close()
	return l.Addr().String()
}
