// Package live tells open pages what changed. What is published are topics, not
// how things look: whoever listens looks up the state itself.
package live

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Topics name what changed. Those of one thing end with its key.
const (
	Device    = "device:"   // + MAC: the row of a device
	Platform  = "platform:" // + name: a platform, its releases or its counts
	Fleet     = "fleet"     // devices came, went or changed their whitelist
	Whitelist = "whitelist" // somebody changed devices, so maybe whose whitelist they are on
	Feed      = "feed"      // something happened that the feed tells
	Activity  = "activity"  // somebody changed something
	Counted   = "counted"   // the fleet was counted anew; nothing changed by itself
	Resync    = "resync"    // changes may have been missed: look at everything anew
)

// maxPending is how many topics may wait for one listener. A page that is so
// far behind looks at everything anew.
const maxPending = 1000

// What the hub remembers for those who missed it: a page between being rendered
// and listening, or while its tab was hidden.
const (
	memory      = time.Minute
	maxRemember = 10_000 // topics
)

// Hub hands topics from those who change something to those who listen. A slow
// listener holds nobody up: its topics fold into a set.
type Hub struct {
	mu        sync.Mutex
	listeners map[*Listener]struct{}
	closed    bool
	recent    map[string]time.Time // when a topic was last published
	since     time.Time            // from when on recent is whole
	last      time.Time            // when anything was published that is about the fleet
	lastEdit  time.Time            // when that was no mere check-in
}

// NewHub makes a hub without listeners.
func NewHub() *Hub {
	return &Hub{listeners: map[*Listener]struct{}{}, recent: map[string]time.Time{}, since: time.Now()}
}

// Listener collects the topics that are published while it listens.
type Listener struct {
	hub     *Hub
	mu      sync.Mutex
	pending map[string]struct{}
	wake    chan struct{}
}

// Publish tells all listeners that something changed. It never waits.
func (h *Hub) Publish(topics ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remember(topics)
	for l := range h.listeners {
		l.add(topics)
	}
}

func (h *Hub) remember(topics []string) {
	now := time.Now()
	if slices.ContainsFunc(topics, func(t string) bool { return t != Counted && t != Activity }) {
		h.last = now
	}
	if slices.Contains(topics, Fleet) {
		h.lastEdit = now
	}
	for _, t := range topics {
		h.recent[t] = now
	}
	if len(h.recent) <= maxRemember {
		return
	}
	h.since = now.Add(-memory / 4)
	for t, at := range h.recent {
		if at.Before(h.since) {
			delete(h.recent, t)
		}
	}
	if len(h.recent) > maxRemember/2 { // or each topic more would look at all
		clear(h.recent)
		h.since = now
	}
}

// Listen makes a listener that must be closed; nil when the hub is closed.
func (h *Hub) Listen() *Listener {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.listen()
}

func (h *Hub) listen() *Listener {
	if h.closed {
		return nil
	}
	l := &Listener{hub: h, pending: map[string]struct{}{}, wake: make(chan struct{}, 1)}
	h.listeners[l] = struct{}{}
	return l
}

// ListenSince is Listen for who knows how things were at a time: what was
// published since then comes first, or Resync where that is no longer known.
func (h *Hub) ListenSince(t time.Time) *Listener {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.listen()
	if l == nil {
		return nil
	}
	if t.Before(h.since) || time.Since(t) > memory || t.After(time.Now()) { // the clock went back
		l.add([]string{Resync})
		return l
	}
	for topic, at := range h.recent {
		if !at.Before(t) {
			l.add([]string{topic})
		}
	}
	return l
}

// Last is when anything was published last that may be seen in the fleet.
func (h *Hub) Last() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// LastEdit is when it was published last that devices came, went or changed their
// whitelist.
func (h *Hub) LastEdit() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lastEdit
}

// Listeners is how many listen.
func (h *Hub) Listeners() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.listeners)
}

// Close ends all listeners and takes no new ones, so that a server can stop.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for l := range h.listeners {
		close(l.wake)
		delete(h.listeners, l)
	}
}

// Close stops listening.
func (l *Listener) Close() {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	delete(l.hub.listeners, l)
}

func (l *Listener) add(topics []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range topics {
		l.pending[t] = struct{}{}
	}
	if len(l.pending) > maxPending {
		l.pending = map[string]struct{}{Resync: {}}
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Wait waits until something was published or ctx ends, and reports whether the
// hub is still open.
func (l *Listener) Wait(ctx context.Context) (open bool) {
	select {
	case _, open = <-l.wake:
		return open
	case <-ctx.Done():
		return true
	}
}

// Take is the set of topics since it was last taken.
func (l *Listener) Take() map[string]struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.pending
	l.pending = map[string]struct{}{}
	return taken
}
