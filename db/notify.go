package db

import (
	"context"
	"log/slog"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/lib/pq"

	"esp-update-server/app/live"
)

// The bounds of what goes through Postgres to the other processes.
const (
	channel       = "live"
	notifySpacing = 200 * time.Millisecond // between two messages at least
	maxPayload    = 7500                   // bytes; Postgres takes 8,000
	maxTopics     = 400                    // in one go; more are told as Resync
	listenerPing  = time.Minute            // finds out that a connection is dead
	lastReconnect = 2 * time.Second        // between two attempts to come back
)

// Notifier hands topics to every process on one Postgres, this one included, by
// LISTEN and NOTIFY. Topics that come faster than they are sent fold together.
type Notifier struct {
	db       *DB
	hub      *live.Hub
	log      *slog.Logger
	listener *pq.Listener
	lost     func()

	mu      sync.Mutex
	pending map[string]struct{}
	wake    chan struct{}
	stop    chan struct{}
	ended   sync.WaitGroup
	away    bool // what was told last could not be
}

// Notify connects a hub to those of the other processes; nil on SQLite, which
// has one process by definition. Lost is called when the connection was lost and
// is back, before the hub hears of it.
func (d *DB) Notify(hub *live.Hub, log *slog.Logger, lost func()) (*Notifier, error) {
	if d.engine.name != "postgres" {
		return nil, nil
	}
	n := &Notifier{db: d, hub: hub, log: log, lost: lost, pending: map[string]struct{}{}, wake: make(chan struct{}, 1), stop: make(chan struct{})}
	n.listener = pq.NewListener(d.engine.dsn, 250*time.Millisecond, lastReconnect, nil)
	if err := n.listener.Listen(channel); err != nil {
		_ = n.listener.Close()
		return nil, err
	}
	n.ended.Go(n.hear)
	n.ended.Go(n.speak)
	return n, nil
}

// Publish tells all processes that something changed. It never waits.
func (n *Notifier) Publish(topics ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, t := range topics {
		n.pending[t] = struct{}{}
	}
	if len(n.pending) > maxTopics {
		n.fold()
	}
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// fold lets one topic stand for all, and beside it only whether devices came or
// went: those are counted anew for it, and not for check-ins, however many.
func (n *Notifier) fold() {
	_, edited := n.pending[live.Fleet]
	n.pending = map[string]struct{}{live.Resync: {}}
	if edited {
		n.pending[live.Fleet] = struct{}{}
	}
}

// Close sends what is pending and stops.
func (n *Notifier) Close() {
	close(n.stop)
	_ = n.listener.Close()
	n.ended.Wait()
}

// hear publishes what any process says. After a lost connection the listener
// delivers nil: what was said meanwhile is not known.
func (n *Notifier) hear() {
	ping := time.NewTicker(listenerPing)
	defer ping.Stop()
	for {
		select {
		case <-n.stop:
			return
		case <-ping.C:
			go func() { _ = n.listener.Ping() }() // waits for a dead connection
		case message, open := <-n.listener.NotificationChannel():
			switch {
			case !open:
				return
			case message == nil:
				n.log.Warn("the connection to hear of changes was lost and is back")
				n.lost()
				n.hub.Publish(live.Resync, live.Fleet)
			default:
				n.hub.Publish(strings.Fields(message.Extra)...)
			}
		}
	}
}

// speak sends what is pending, at once when it is the first in a while.
func (n *Notifier) speak() {
	for {
		select {
		case <-n.stop:
			n.send()
			return
		case <-n.wake:
		}
		n.send()
		select {
		case <-n.stop:
		case <-time.After(notifySpacing):
		}
	}
}

// send hands what is pending to Postgres, and keeps it when that fails.
func (n *Notifier) send() {
	n.mu.Lock()
	topics := n.pending
	n.pending = map[string]struct{}{}
	n.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, payload := range payloadsOf(topics) {
		if _, err := n.db.write.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, payload); err != nil {
			if !n.away {
				n.log.Warn("changes could not be told to the other processes yet", "err", err)
			}
			n.away = true
			select {
			case <-n.stop:
			case <-time.After(time.Second):
				n.Publish(live.Resync, live.Fleet)
			}
			return
		}
		n.away = false
	}
}

// payloadsOf folds topics into as few messages as they fit in.
func payloadsOf(topics map[string]struct{}) []string {
	list := make([]string, 0, len(topics))
	for t := range topics {
		list = append(list, t)
	}
	sort.Strings(list)
	var payloads []string
	var b strings.Builder
	for _, t := range list {
		if b.Len() > 0 && b.Len()+1+len(t) > maxPayload {
			payloads = append(payloads, b.String())
			b.Reset()
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t)
	}
	if b.Len() > 0 {
		payloads = append(payloads, b.String())
	}
	return payloads
}
