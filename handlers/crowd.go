package handlers

import (
	"runtime"
	"sync/atomic"
)

// crowdStep is how many more images than before are being sent when the stacks of
// those who send them are made smaller.
const crowdStep = 128

// crowd is who sends images. To decide what a board gets takes several times the
// stack that sending it takes, and it is the collector that makes stacks smaller.
// Boards that take an image slowly allocate nothing that would call for it.
type crowd struct {
	now  atomic.Int64
	high atomic.Int64 // when stacks were made smaller last
}

func (c *crowd) enter() {
	n, high := c.now.Add(1), c.high.Load()
	if n >= high+crowdStep && c.high.CompareAndSwap(high, n) {
		go runtime.GC()
	}
}

func (c *crowd) leave() {
	n, high := c.now.Add(-1), c.high.Load()
	if n < high/2 {
		c.high.CompareAndSwap(high, n)
	}
}
