package handlers

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
)

// The pace of a stream. Routers on the way cut one that is silent for a minute,
// and a client that left shows only when something is written.
const (
	foldTime   = 250 * time.Millisecond // changes within it leave together, so at most four times a second
	beatTime   = 25 * time.Second
	streamTime = 30 * time.Minute // then the page asks anew
)

// stream is the writing end of an open page. Its events are rows (of devices,
// as HTML), gone (MACs), new (the count in the bar), page (fetch the other parts
// anew) and beat. The id of each is the time up to which the page then is.
type stream struct {
	server   *server
	watch    watch
	listener *live.Listener
	session  string // hash
	role     account.Role
	out      *bufio.Writer
	nextBeat time.Time
}

// run writes until the client leaves, the hub closes, the server stops or the
// time is over. A panic here would end the process: no middleware is above it.
func (s *stream) run(out *bufio.Writer, stopped <-chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), streamTime)
	defer cancel()
	defer s.listener.Close()
	defer func() {
		if p := recover(); p != nil {
			s.server.Log.Error("a live stream broke off", "err", fmt.Sprintf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	go func() {
		select {
		case <-stopped:
			cancel()
		case <-ctx.Done():
		}
	}()
	s.out = out
	if s.beat() != nil { // a router gives up on an answer that does not begin
		return
	}
	for s.turn(ctx) == nil {
	}
}

// beat lets the page, and the routers on the way, know that the stream goes on.
func (s *stream) beat() error {
	s.nextBeat = time.Now().Add(beatTime)
	return s.send("beat", "1")
}

// turn waits for something to tell and tells it. However much there is, it beats
// in between: of what is told to all pages this one may show nothing.
func (s *stream) turn(ctx context.Context) error {
	waiting, cancel := context.WithDeadline(ctx, s.nextBeat)
	defer cancel()
	if !s.listener.Wait(waiting) {
		return context.Canceled
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case waiting.Err() != nil:
		if err := s.stillIn(ctx); err != nil {
			return err
		}
		return s.beat()
	}
	select {
	case <-time.After(foldTime):
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.tell(ctx, s.listener.Take())
}

// tell writes what of the page the topics changed.
func (s *stream) tell(ctx context.Context, topics map[string]struct{}) error {
	if err := s.tellRows(ctx, s.watch.changedRows(topics)); err != nil {
		return err
	}
	_, came := topics[live.Fleet]
	if _, all := topics[live.Resync]; came || all {
		if err := s.tellNew(ctx); err != nil {
			return err
		}
	}
	if s.watch.touches(topics) {
		return s.send("page", "1")
	}
	return nil
}

// tellRows writes rows as the table shows them, found in one query.
func (s *stream) tellRows(ctx context.Context, macs []fleet.MAC) error {
	if len(macs) == 0 {
		return nil
	}
	list, err := s.server.Devices.FindMany(ctx, macs)
	if err != nil {
		return s.away(err)
	}
	gone := map[fleet.MAC]bool{}
	for _, mac := range macs {
		gone[mac] = true
	}
	var rows bytes.Buffer
	for i := range list {
		delete(gone, list[i].MAC)
		row := rowOf(&list[i], s.role == account.Admin)
		if err := s.server.engine.Render(&rows, "devices/_row", row); err != nil {
			return s.away(err)
		}
	}
	if rows.Len() > 0 {
		if err := s.send("rows", rows.String()); err != nil {
			return err
		}
	}
	return s.tellGone(gone)
}

func (s *stream) tellGone(gone map[fleet.MAC]bool) error {
	if len(gone) == 0 {
		return nil
	}
	var macs []string
	for mac := range gone {
		macs = append(macs, string(mac))
	}
	return s.send("gone", strings.Join(macs, " "))
}

// tellNew writes how many new devices there are.
func (s *stream) tellNew(ctx context.Context) error {
	n, err := s.server.countNew(ctx)
	if err != nil {
		return s.away(err)
	}
	var count bytes.Buffer
	if err := s.server.engine.Render(&count, "layouts/_new_count", int64(n)); err != nil {
		return s.away(err)
	}
	return s.send("new", count.String())
}

// away ends a stream that cannot look things up. The page comes back, and asks
// for what it missed.
func (s *stream) away(err error) error {
	s.server.Log.Warn("a live stream ends", "err", err)
	return err
}

// send writes one event. The error is that of a client that left.
func (s *stream) send(event, data string) error {
	fmt.Fprintf(s.out, "id: %d\nevent: %s\n", time.Now().UnixMilli(), event)
	for line := range strings.Lines(lineEnds.Replace(data)) {
		fmt.Fprintf(s.out, "data: %s\n", strings.TrimSuffix(line, "\n"))
	}
	fmt.Fprint(s.out, "\n")
	return s.out.Flush()
}

// lineEnds makes one of the three ends that a line of an event may have (section
// 9.2.6 of the HTML standard) out of the others: what a board says could go on as
// an event of its own.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")
