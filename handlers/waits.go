package handlers

import "time"

// waitBounds is how long requests wait for the database, at most. One that says
// nothing is told as one that does not answer before a client or a router on the
// way gives up: Heroku's does so after 30 seconds.
type waitBounds struct {
	settle   time.Duration // until what boards said before is written
	change   time.Duration // until what a person changed is in memory
	lookup   time.Duration // to find out who asks
	stranger time.Duration // to answer somebody who is not asked for that
	request  time.Duration // to answer others
	board    time.Duration // for what is not in memory, in all; the client of ESP-IDF gives up after five seconds, those of Arduino after eight
	pin      time.Duration // to learn or keep which image a board is held to
	mode     time.Duration // to learn in which mode the flash of a board runs
}

// newWaitBounds are the usual bounds, so many times longer.
func newWaitBounds(times int) waitBounds {
	n := time.Duration(max(times, 1))
	return waitBounds{
		settle: n * 300 * time.Millisecond, change: n * 4 * time.Second,
		lookup: n * 5 * time.Second, stranger: n * 10 * time.Second, request: n * 20 * time.Second,
		board: n * 4 * time.Second, pin: n * 2 * time.Second, mode: n * time.Second,
	}
}
