package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// load is boards that ask a server. It is made of plain sockets, since it runs
// on the same processors as what it measures.
type load struct {
	address string
	boards  *boards
	version string // that the boards say they run
	keep    bool   // ask again on the same connection, which boards do not
	callers int    // boards that ask at the same time
	pace    time.Duration
	until   time.Duration // when to stop; 0 when each device has asked once
	latency bool          // whether to note how long each answer took
}

// outcome is what a load saw.
type outcome struct {
	answers int64
	took    time.Duration
	waits   []time.Duration // of the answers, in no order
}

func (o *outcome) rate() float64 { return float64(o.answers) / o.took.Seconds() }

// p99 is the wait of which only every hundredth answer took longer.
func (o *outcome) p99() time.Duration {
	if len(o.waits) == 0 {
		return 0
	}
	slices.Sort(o.waits)
	return o.waits[len(o.waits)*99/100]
}

// run asks until it is over. An answer other than 304 is an error.
func (l *load) run(ctx context.Context) (*outcome, error) {
	var next, answers atomic.Int64
	var failed atomic.Pointer[error]
	waits := make([][]time.Duration, l.callers)
	start := time.Now()
	over := func() bool {
		return ctx.Err() != nil || failed.Load() != nil || l.until > 0 && time.Since(start) >= l.until
	}
	var wg sync.WaitGroup
	for n := range l.callers {
		wg.Go(func() {
			b := caller{load: l}
			defer b.close()
			for !over() {
				i := next.Add(1) - 1
				if l.until == 0 && i >= int64(l.boards.len()) {
					return
				}
				began := time.Now()
				if err := b.ask(l.boards.at(int(i % int64(l.boards.len())))); err != nil {
					failed.Store(&err)
					return
				}
				answers.Add(1)
				if l.latency {
					waits[n] = append(waits[n], time.Since(began))
				}
				time.Sleep(l.pace - time.Since(began))
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	return &outcome{answers: answers.Load(), took: time.Since(start), waits: slices.Concat(waits...)}, ctx.Err()
}

// caller is one board, or one connection of many boards.
type caller struct {
	load    *load
	conn    net.Conn
	request []byte
	answer  [4096]byte
}

var headerEnd = []byte("\r\n\r\n")

func (b *caller) ask(board board) error {
	if b.conn == nil {
		conn, err := net.Dial("tcp", b.load.address)
		if err != nil {
			return err
		}
		b.conn = conn
	}
	b.request = appendRequest(b.request[:0], board, b.load)
	if _, err := b.conn.Write(b.request); err != nil {
		return err
	}
	n := 0
	for !bytes.HasSuffix(b.answer[:n], headerEnd) {
		read, err := b.conn.Read(b.answer[n:])
		if err != nil {
			return fmt.Errorf("no answer: %w", err)
		}
		n += read
	}
	if !bytes.Contains(b.answer[:16], []byte(" 304 ")) {
		return fmt.Errorf("another answer than 304: %s", b.answer[:n])
	}
	if !b.load.keep {
		b.close()
	}
	return nil
}

func (b *caller) close() {
	if b.conn != nil {
		_ = b.conn.Close()
		b.conn = nil
	}
}

// appendRequest writes what the Arduino client of an ESP8266 sends.
func appendRequest(to []byte, board board, l *load) []byte {
	to = append(append(append(to, "GET /update?dev="...), board.platform...), "&ver="...)
	to = append(to, l.version...)
	if l.keep {
		to = append(to, " HTTP/1.1\r\nHost: bench\r\n"...)
	} else {
		to = append(to, " HTTP/1.0\r\nHost: bench\r\nConnection: close\r\n"...)
	}
	to = append(to, "User-Agent: ESP8266-http-Update\r\nx-ESP8266-Chip-ID: 11189196\r\nx-ESP8266-STA-MAC: "...)
	to = append(to, board.mac...)
	return append(to, "\r\nx-ESP8266-AP-MAC: 1A:FE:34:AA:BB:CC\r\nx-ESP8266-free-space: 1716224\r\nx-ESP8266-sketch-size: 378144\r\n"+
		"x-ESP8266-sketch-md5: 0123456789abcdef0123456789abcdef\r\nx-ESP8266-chip-size: 4194304\r\n"+
		"x-ESP8266-sdk-version: 2.2.2-dev(38a443e)\r\nx-ESP8266-mode: sketch\r\n\r\n"...)
}
