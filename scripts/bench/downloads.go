package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Downloads: how many at once as fast as they go, and how many slow ones.
const (
	fastClients = 16
	slowClients = 1000
	slowPace    = 50_000 // bytes a second
)

// downloads measures how many bytes a second reach boards that take them.
func (b *bench) downloads(ctx context.Context) error {
	c := b.of("SQLite", b.devices)
	if c == nil {
		return nil
	}
	var list []float64
	var ours, theirs float64
	for round := range b.rounds + 1 {
		var err error
		if theirs, err = b.transfer(ctx, b.empty); err == nil {
			ours, err = b.transfer(ctx, c)
		}
		if err != nil {
			return err
		}
		if round > 0 {
			list = append(list, ours/theirs)
		}
	}
	b.table.add(row{what: "downloads of 1 MiB, MB/s: " + c.name, rounds: list, wanted: "≥ 0.95", good: atLeast(0.95),
		also: fmt.Sprintf("%.0f of %.0f MB/s", ours/1e6, theirs/1e6)})
	return nil
}

// transfer is how many bytes a second fast clients got.
func (b *bench) transfer(ctx context.Context, c *contender) (float64, error) {
	boards := b.boardsOf(cmp.Or(c.devices, b.devices))
	var bytes atomic.Int64
	start := time.Now()
	err := together(fastClients, func(n int) error {
		for time.Since(start) < b.measure && ctx.Err() == nil {
			got, err := fetch(c.address, boards.at(n), nil)
			bytes.Add(got)
			if err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	return float64(bytes.Load()) / time.Since(start).Seconds(), err
}

// slowDownloads measures the memory that a thousand slow boards cost.
func (b *bench) slowDownloads(ctx context.Context) error {
	c := b.of("SQLite", b.devices)
	if c == nil || c.memory() == 0 {
		return nil
	}
	boards := b.boardsOf(c.devices)
	before := c.memory()
	peak, stop := c.peak()
	start := time.Now()
	err := together(slowClients, func(n int) error {
		got, err := fetch(c.address, boards.at(n%boards.len()), func(sum int64) {
			time.Sleep(time.Until(start.Add(time.Duration(sum) * time.Second / slowPace)))
		})
		if err == nil && got < imageSize-8192 {
			err = fmt.Errorf("a slow download ended after %d bytes", got)
		}
		return err
	})
	stop()
	b.table.add(row{what: "1,000 downloads at 50 kB/s, memory added: " + c.name, unit: " MiB",
		rounds: []float64{float64(peak.Load()-before) / (1 << 20)}, wanted: "≤ 32", good: atMost(32),
		also: fmt.Sprintf("all done in %s", time.Since(start).Round(time.Second))})
	return errors.Join(err, ctx.Err())
}

// peak follows the memory of a process until stop is called.
func (c *contender) peak() (highest *atomic.Int64, stop func()) {
	highest = &atomic.Int64{}
	over := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			highest.Store(max(highest.Load(), c.memory()))
			select {
			case <-over:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	return highest, func() { close(over); wg.Wait() }
}

// fetch downloads what a board is offered and is how many bytes came. After each
// piece the board does what it does with it.
func fetch(address string, board board, then func(sum int64)) (int64, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if then != nil {
		_ = conn.(*net.TCPConn).SetReadBuffer(8 << 10) // or all of it would lie in the system at once
	}
	if _, err := conn.Write(appendRequest(nil, board, &load{version: older})); err != nil {
		return 0, err
	}
	var sum int64
	piece := make([]byte, 4096)
	if then == nil {
		piece = make([]byte, 64<<10)
	}
	for {
		n, err := conn.Read(piece)
		sum += int64(n)
		if err == io.EOF {
			return sum, nil
		}
		if err != nil {
			return sum, err
		}
		if then != nil {
			then(sum)
		}
	}
}

// together runs so many at once and joins their errors.
func together(n int, do func(n int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = do(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
