package fleet

import (
	"hash/maphash"
	"time"
)

// chatter counts how often devices have news within an hour, so that nobody fills
// the history by telling another version each time. It counts roughly: devices
// share a count now and then.
type chatter struct {
	seed   maphash.Seed // so that nobody can share one on purpose
	hour   int64
	counts []uint8
}

const (
	chatterCounts = 1 << 18
	maxChatter    = 60 // news of a device in an hour that the history tells of
)

func newChatter() chatter {
	return chatter{seed: maphash.MakeSeed(), counts: make([]uint8, chatterCounts)}
}

// tooMuch counts one, and reports whether the history has heard enough.
func (c *chatter) tooMuch(mac MAC, at time.Time) bool {
	if hour := at.Unix() / 3600; hour != c.hour {
		c.hour = hour
		clear(c.counts)
	}
	n := &c.counts[maphash.String(c.seed, string(mac))%chatterCounts]
	if *n >= maxChatter {
		return true
	}
	*n++
	return false
}
