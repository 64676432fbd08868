package handlers

import (
	"context"
	"sync"
	"time"

	"esp-update-server/app/fleet"
)

// The age at which devices are counted anew. What a person changed shows at once;
// check-ins, which are many, within a moment. Where counting takes longer than
// that, it is done beside the pages, and for a part of the time.
const (
	countsAge  = 5 * time.Second
	countsLag  = 500 * time.Millisecond // of the states, when there were check-ins since
	countsWait = 200 * time.Millisecond // that a page waits for them
)

// counts are numbers of devices as they were counted last, by what they are of.
type counts[T any] struct {
	age time.Duration // at which they are counted anew
	lag time.Duration // likewise, when there were check-ins since

	mu   sync.Mutex
	kept map[string]counted[T]
}

type counted[T any] struct {
	at       time.Time     // when counting began
	took     time.Duration // until it ended
	counting bool          // again, beside the pages
	value    T
}

// get is a count, which is made anew when it is too old. Changed is when anything
// was changed, and edited when a person did.
func (c *counts[T]) get(ctx context.Context, of string, changed, edited time.Time, count func(context.Context) (T, error)) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was, known := c.kept[of]
	age := c.age
	if changed.After(was.at) {
		age = c.lag
	}
	switch fresh := time.Since(was.at) < max(age, cacheRest*was.took); {
	case !known || edited.After(was.at) || !fresh && was.took < countsWait:
		now, err := anew(ctx, count)
		if err == nil {
			c.keep(of, now)
		}
		return now.value, err
	case !fresh && !was.counting:
		was.counting = true
		c.keep(of, was)
		go c.beside(of, was, count) // #nosec G118 -- it goes on when the page is gone
	}
	return was.value, nil
}

func anew[T any](ctx context.Context, count func(context.Context) (T, error)) (counted[T], error) {
	at := time.Now()
	value, err := count(ctx)
	return counted[T]{at: at, took: time.Since(at), value: value}, err
}

// beside counts while pages show what was counted before.
func (c *counts[T]) beside(of string, was counted[T], count func(context.Context) (T, error)) {
	ctx, cancel := context.WithTimeout(context.Background(), cacheTimeout)
	defer cancel()
	now, err := anew(ctx, count)
	if err != nil {
		was.counting = false
		now = was
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !now.at.Before(c.kept[of].at) { // else somebody who changed something could not wait
		c.keep(of, now)
	}
}

// keep keeps a bounded number of counts.
func (c *counts[T]) keep(of string, now counted[T]) {
	if c.kept == nil || len(c.kept) > 1000 {
		c.kept = map[string]counted[T]{}
	}
	c.kept[of] = now
}

// countStates is how many devices are in which state, of a platform or of all.
func (s *server) countStates(ctx context.Context, platform string) (map[fleet.State]int64, error) {
	return s.counts.get(ctx, platform, s.lastChanged(), s.lastEdited(), func(ctx context.Context) (map[fleet.State]int64, error) {
		return s.Devices.States(ctx, platform)
	})
}

// countNew is how many devices wait in the queue of new ones.
func (s *server) countNew(ctx context.Context) (int, error) {
	return s.newCount.get(ctx, "", s.lastChanged(), s.lastEdited(), s.Devices.CountNew)
}

// lastEdited is when devices came, went or changed their whitelist, as far as this
// process knows.
func (s *server) lastEdited() time.Time {
	return later(time.Unix(0, s.lastEdit.Load()), s.Hub.LastEdit())
}
