package handlers

import (
	"context"
	"sync"
	"time"

	"esp-update-server/app/fleet"
)

// The age at which counts of devices are counted anew. What a person changed
// shows at once; check-ins, which are many, within a moment.
const (
	countsAge = 5 * time.Second
	countsLag = 500 * time.Millisecond // when there were check-ins since
)

// deviceCounts are how many devices are in which state, by platform, as they
// were counted last.
type deviceCounts struct {
	mu     sync.Mutex
	counts map[string]countedStates
}

type countedStates struct {
	at     time.Time // when counting began
	states map[fleet.State]int64
}

// countStates is how many devices are in which state, of a platform or of all.
func (s *server) countStates(ctx context.Context, platform string) (map[fleet.State]int64, error) {
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	now, was := time.Now(), s.counts.counts[platform]
	age := countsAge
	if s.lastChanged().After(was.at) {
		age = countsLag
	}
	if now.Sub(was.at) < age && !time.Unix(0, s.lastEdit.Load()).After(was.at) {
		return was.states, nil
	}
	states, err := s.Devices.States(ctx, platform)
	if err != nil {
		return nil, err
	}
	if s.counts.counts == nil || len(s.counts.counts) > 1000 {
		s.counts.counts = map[string]countedStates{}
	}
	s.counts.counts[platform] = countedStates{now, states}
	return states, nil
}
