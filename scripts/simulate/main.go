// Command simulate plays a fleet of boards against an update server, so that
// people can see the live pages move and developers can see what boards get.
//
//	go run ./scripts/simulate -url http://localhost:5000 -boards 40 -interval 10s
//
// Each board sends the requests of one of the two Arduino update clients, takes
// what it is offered, and reports its new version from then on. With -token it
// first makes a demo of the server: platforms, releases and a whitelist.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	server := flag.String("url", "http://localhost:5000", "the server")
	boards := flag.Int("boards", 40, "how many boards ask")
	interval := flag.Duration("interval", 10*time.Second, "how often each asks")
	duration := flag.Duration("duration", 0, "when to stop; 0 for never")
	failing := flag.Float64("failing", 0.03, "the share of boards that never manage to install")
	token := flag.String("token", os.Getenv("ESP_TOKEN"), "an API write token: first make a demo of the server; also ESP_TOKEN")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *duration)
		defer cancel()
	}
	if err := run(ctx, *server, *token, *boards, *interval, *failing); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, server, token string, boards int, interval time.Duration, failing float64) error {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("-url must be like http://localhost:5000")
	}
	if boards < 1 || interval <= 0 || failing < 0 || failing > 1 {
		return fmt.Errorf("-boards must be at least 1, -interval more than nothing, and -failing from 0 to 1")
	}
	fleet := newFleet(boards, failing)
	if token != "" {
		if err := seed(ctx, server, token, fleet); err != nil {
			return fmt.Errorf("making the demo: %w", err)
		}
		fmt.Println("The demo is made.")
	}
	var counts tally
	var wg sync.WaitGroup
	for _, b := range fleet {
		wg.Go(func() { b.live(ctx, u, interval, &counts) })
	}
	wg.Go(func() { counts.print(ctx) })
	wg.Wait()
	return nil
}

// tally counts what boards got.
type tally struct{ asked, updated, nothing, refused, failed, unanswered atomic.Int64 }

func (t *tally) print(ctx context.Context) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
		fmt.Printf("%d asked: %d updated, %d had nothing newer, %d refused, %d failed to install, %d got no answer\n",
			t.asked.Load(), t.updated.Load(), t.nothing.Load(), t.refused.Load(), t.failed.Load(), t.unanswered.Load())
		if ctx.Err() != nil {
			return
		}
	}
}

// live asks at a random moment first, so that not all boards ask at once, and
// then at the interval.
func (b *board) live(ctx context.Context, server *url.URL, interval time.Duration, t *tally) {
	wait := time.Duration(rand.Int64N(int64(interval) + 1)) // #nosec G404 -- spreads boards, guards nothing
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = interval
		b.ask(ctx, server, t)
	}
}
