package fleet

import (
	"context"
	"sync"
	"time"
)

// Counter counts the check-ins of this process by the minute, in memory, until
// they are saved: a write for each would cost more than the check-in.
type Counter struct {
	mu      sync.Mutex
	minutes map[time.Time]int64
}

// Add counts one check-in.
func (c *Counter) Add(at time.Time) { c.add(at.UTC().Truncate(time.Minute), 1) }

func (c *Counter) add(minute time.Time, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.minutes == nil {
		c.minutes = map[time.Time]int64{}
	}
	c.minutes[minute] += n
}

// In is how many check-ins of a minute are not saved yet.
func (c *Counter) In(minute time.Time) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.minutes[minute.UTC().Truncate(time.Minute)]
}

// Save hands what was counted to save, minute by minute. What could not be saved
// is kept for the next time.
func (c *Counter) Save(ctx context.Context, save func(ctx context.Context, minute time.Time, n int64) error) error {
	c.mu.Lock()
	counted := c.minutes
	c.minutes = nil
	c.mu.Unlock()
	var failed error
	for minute, n := range counted {
		if failed == nil {
			failed = save(ctx, minute, n)
		}
		if failed != nil {
			c.add(minute, n)
		}
	}
	return failed
}
