package handlers

import (
	"context"
	"sync"
	"time"

	"esp-update-server/app/fleet"
)

// The age at which counts of devices are counted anew. What a person changed
// shows at once; check-ins, which are many, within a moment. Where counting takes
// longer than that, it is done beside the pages, and for a part of the time.
const (
	countsAge  = 5 * time.Second
	countsLag  = 500 * time.Millisecond // when there were check-ins since
	countsWait = 200 * time.Millisecond // that a page waits for them
)

// deviceCounts are how many devices are in which state, by platform, as they
// were counted last.
type deviceCounts struct {
	mu     sync.Mutex
	counts map[string]countedStates
}

type countedStates struct {
	at       time.Time     // when counting began
	took     time.Duration // until it ended
	counting bool          // again, beside the pages
	states   map[fleet.State]int64
}

// age is when they are to be counted anew.
func (c *countedStates) age(heardSince bool) time.Duration {
	if heardSince {
		return max(countsLag, cacheRest*c.took)
	}
	return max(countsAge, cacheRest*c.took)
}

// countStates is how many devices are in which state, of a platform or of all.
func (s *server) countStates(ctx context.Context, platform string) (map[fleet.State]int64, error) {
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	was := s.counts.counts[platform]
	edited := time.Unix(0, s.lastEdit.Load()).After(was.at)
	switch fresh := time.Since(was.at) < was.age(s.lastChanged().After(was.at)); {
	case was.states == nil || edited || !fresh && was.took < countsWait:
		now, err := s.countAnew(ctx, platform)
		if err == nil {
			s.counts.keep(platform, now)
		}
		return now.states, err
	case !fresh && !was.counting:
		was.counting = true
		s.counts.keep(platform, was)
		go s.countBeside(platform, was) // #nosec G118 -- it goes on when the page is gone
	}
	return was.states, nil
}

func (s *server) countAnew(ctx context.Context, platform string) (countedStates, error) {
	at := time.Now()
	states, err := s.Devices.States(ctx, platform)
	return countedStates{at: at, took: time.Since(at), states: states}, err
}

// countBeside counts while pages show what was counted before.
func (s *server) countBeside(platform string, was countedStates) {
	ctx, cancel := context.WithTimeout(context.Background(), cacheTimeout)
	defer cancel()
	now, err := s.countAnew(ctx, platform)
	if err != nil {
		was.counting = false
		now = was
	}
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	if now.at.Before(s.counts.counts[platform].at) { // somebody who changed something could not wait
		return
	}
	s.counts.keep(platform, now)
}

// keep keeps counts, of a bounded number of platforms.
func (c *deviceCounts) keep(platform string, counted countedStates) {
	if c.counts == nil || len(c.counts) > 1000 {
		c.counts = map[string]countedStates{}
	}
	c.counts[platform] = counted
}
