// Package live tells open pages what changed. What is published are topics, not
// how things look: whoever listens looks up the state itself.
package live

import (
	"context"
	"sync"
)

// Topics name what changed. Those of one thing end with its key.
const (
	Device   = "device:"   // + MAC: the row of a device
	Platform = "platform:" // + name: a platform, its releases or its counts
	Fleet    = "fleet"     // devices came, went or changed their whitelist
	Feed     = "feed"      // something happened that the feed tells
	Resync   = "resync"    // changes may have been missed: look at everything anew
)

// maxPending is how many topics may wait for one listener. A page that is so
// far behind looks at everything anew.
const maxPending = 1000

// Hub hands topics from those who change something to those who listen. A slow
// listener holds nobody up: its topics fold into a set.
type Hub struct {
	mu        sync.Mutex
	listeners map[*Listener]struct{}
	closed    bool
}

// NewHub makes a hub without listeners.
func NewHub() *Hub { return &Hub{listeners: map[*Listener]struct{}{}} }

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
	for l := range h.listeners {
		l.add(topics)
	}
}

// Listen makes a listener that must be closed; nil when the hub is closed.
func (h *Hub) Listen() *Listener {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil
	}
	l := &Listener{hub: h, pending: map[string]struct{}{}, wake: make(chan struct{}, 1)}
	h.listeners[l] = struct{}{}
	return l
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
