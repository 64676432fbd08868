package handlers

import (
	"context"
	"sync"
	"time"
)

// The pace at which what many pages show is looked up.
const (
	cacheRest    = 4               // looking up takes at most one part of so many and one of the time
	cacheAge     = 5 * time.Second // some things change by time alone
	cacheTimeout = 30 * time.Second
)

// cached is a value that is costly to find and that many pages ask for at once.
type cached[T any] struct {
	mu       sync.Mutex
	at       time.Time // when looking it up began
	took     time.Duration
	value    T
	awaited  bool // it is to be looked up again soon
	reloaded func()
}

// get is the value as of the last change, or, when it was looked up so shortly
// before that its cost would show, the one from then: then it is looked up again
// soon, and reloaded called.
func (c *cached[T]) get(ctx context.Context, lastChange time.Time, load func(context.Context) (T, error)) (T, error) {
	asked := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.After(asked) || c.at.After(lastChange) && asked.Sub(c.at) < cacheAge {
		return c.value, nil
	}
	rest := time.Until(c.at.Add((cacheRest + 1) * c.took))
	if c.awaited || rest > 0 {
		c.await(rest, load)
		return c.value, nil
	}
	at := time.Now()
	value, err := load(ctx)
	c.keep(value, at, err)
	return value, err
}

func (c *cached[T]) keep(value T, at time.Time, err error) {
	if err == nil {
		c.at, c.took, c.value = at, time.Since(at), value
	}
}

// await looks the value up again after a rest, once for all who got an old one.
func (c *cached[T]) await(rest time.Duration, load func(context.Context) (T, error)) {
	if c.awaited {
		return
	}
	c.awaited = true
	time.AfterFunc(rest, func() {
		ctx, cancel := context.WithTimeout(context.Background(), cacheTimeout)
		defer cancel()
		at := time.Now()
		value, err := load(ctx)
		c.mu.Lock()
		c.keep(value, at, err)
		c.awaited = false
		c.mu.Unlock()
		if err == nil && c.reloaded != nil {
			c.reloaded()
		}
	})
}

// lastChanged is when anything was changed that this process knows of.
func (s *server) lastChanged() time.Time {
	return later(time.Unix(0, s.lastChange.Load()), s.Hub.Last())
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
