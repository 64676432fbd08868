// Command bench measures the server against an empty Fiber handler and prints
// one table of ratios.
//
//	go run ./scripts/bench                            SQLite
//	scripts/with-postgres go run ./scripts/bench      Postgres too
//
// It builds the server, starts it and its contenders on loopback, and lets each
// do the same in turn, round after round: what counts is the median of the
// ratios within a round, since a machine is not equally fast all the time.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// options are what the command line says.
type options struct {
	rounds   int
	measure  time.Duration
	few      int
	devices  int
	many     int
	sections string
	postgres string // URL of a server on which databases may be made; "" for none
}

func main() {
	var o options
	empty := flag.String("empty", "", "be the empty Fiber handler on this address (the command starts itself so)")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each contender has its turn")
	flag.DurationVar(&o.measure, "measure", 2*time.Second, "how long a turn is")
	flag.IntVar(&o.few, "few", 1_000, "devices of the small fleet; 0 for none")
	flag.IntVar(&o.devices, "devices", 100_000, "devices of the fleet")
	flag.IntVar(&o.many, "many", 1_000_000, "devices of the large fleet; 0 for none")
	flag.StringVar(&o.sections, "only", "checks,burst,downloads,slow,pages,processes,start", "what is measured beside the storm, which comes first")
	flag.Parse()
	o.postgres = os.Getenv("TEST_DATABASE_URL")
	o.devices = max(o.devices, 100)
	if *empty != "" {
		exit(serveEmpty(*empty))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exit(run(ctx, o))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// bench is one run: its contenders and what it found.
type bench struct {
	options
	binary string
	dir    string
	table  table
	empty  *contender
	fleets []*contender // ours, the fleet on SQLite first

	databases int             // that were made
	boards    map[int]*boards // see boardsOf
}

// run measures what was asked for and prints the table, of what was measured
// until then when something fails.
func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "esp-update-server-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{options: o, dir: dir, boards: map[int]*boards{}, binary: filepath.Join(dir, "esp-update-server")}
	defer b.stop()
	defer b.table.print(os.Stdout)
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.binary, "./app").CombinedOutput(); err != nil { // #nosec G204 -- a path of its own making
		return fmt.Errorf("building the server: %w\n%s", err, out)
	}
	if o.postgres == "" {
		say("TEST_DATABASE_URL is not set: nothing is measured on Postgres. Run scripts/with-postgres go run ./scripts/bench.")
	}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	for _, s := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"checks", b.checks}, {"burst", b.burst}, {"downloads", b.downloads}, {"slow", b.slowDownloads},
		{"pages", b.pages}, {"processes", b.processes}, {"start", b.start},
	} {
		if !slices.Contains(strings.Split(o.sections, ","), s.name) {
			continue
		}
		say("measuring: %s", s.name)
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// prepare starts the contenders, ours with their devices and a release each.
func (b *bench) prepare(ctx context.Context) error {
	var err error
	if b.empty, err = b.startEmpty(ctx); err != nil {
		return err
	}
	fleets := []struct {
		engine  string
		devices int
	}{{"SQLite", b.devices}, {"Postgres", b.devices}, {"SQLite", b.few}, {"SQLite", b.many}}
	for _, f := range fleets {
		if f.devices == 0 || f.engine == "Postgres" && b.postgres == "" {
			continue
		}
		say("preparing %s devices on %s", grouped(f.devices), f.engine)
		c, err := b.startFleet(ctx, f.engine, f.devices)
		if err != nil {
			return err
		}
		b.fleets = append(b.fleets, c)
	}
	return b.storm(ctx)
}

func (b *bench) stop() {
	for _, c := range append(b.fleets, b.empty) {
		if c != nil {
			c.stop()
		}
	}
}

// of is the contender with so many devices on an engine, or nil.
func (b *bench) of(engine string, devices int) *contender {
	for _, c := range b.fleets {
		if c.engine == engine && c.devices == devices {
			return c
		}
	}
	return nil
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
