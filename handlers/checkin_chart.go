package handlers

import (
	"context"
	"time"
)

// checkInChart is the check-ins of the last hour, a bar a minute. Lengths are in
// the units of the drawing, which is 600 wide and 100 high.
type checkInChart struct {
	Bars  []chartBar
	Total int64
	Most  int64 // in a minute
}

type chartBar struct {
	X, Y, Height int64
	Count        int64
	When         string
}

// The drawing.
const (
	chartHeight = 100
	chartStep   = 10 // from bar to bar
)

// checkInChart counts what is saved and what of this process is not yet.
func (s *server) checkInChart(ctx context.Context) (checkInChart, error) {
	now := time.Now().UTC().Truncate(time.Minute)
	minutes, err := s.History.CheckInMinutes(ctx)
	c := checkInChart{Bars: make([]chartBar, len(minutes))}
	for i, n := range minutes {
		at := now.Add(time.Duration(i-len(minutes)+1) * time.Minute)
		n += s.CheckIns.In(at)
		c.Bars[i] = chartBar{X: int64(i * chartStep), Count: n, When: minutesAgo(len(minutes) - 1 - i)}
		c.Total += n
		c.Most = max(c.Most, n)
	}
	for i := range c.Bars {
		b := &c.Bars[i]
		if b.Count > 0 {
			b.Height = max(2, b.Count*chartHeight/c.Most) // what happened is seen
		}
		b.Y = chartHeight - b.Height
	}
	return c, err
}

// minutesAgo is when a minute was, which is the same in every zone.
func minutesAgo(n int) string {
	if n == 0 {
		return "this minute"
	}
	return count(int64(n), "minute") + " ago"
}

// Summary tells in words what the drawing shows.
func (c checkInChart) Summary() string {
	if c.Total == 0 {
		return "No check-ins in the last hour."
	}
	return "In the last hour " + count(c.Total, "check-in") + ", at most " + count(c.Most, "check-in") + " in a minute."
}
