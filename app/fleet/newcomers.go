package fleet

import (
	"net/netip"
	"sync"
	"time"
)

// How many new devices are taken. Of MAX_NEW_DEVICES as it is by default, fewer
// come in within an hour than are kept, from all addresses together: a board that
// asks at least every hour is not pushed out, whoever makes up MACs. And 5,000
// boards of a factory behind one address are in within an hour.
const (
	newcomerBurst  = 256  // from one address
	newcomerRate   = 2.0  // a second from one address, from then on
	newcomersBurst = 1024 // from all
	newcomersRate  = 2.4  // a second from all
	newcomerBounds = 4096 // addresses that are remembered; those that are full again are let go
)

// Newcomers bounds the rate at which devices are taken that were never seen, by
// address and over all. Its memory is bounded, since only who was let in within
// the last minutes is remembered. The zero Newcomers is ready to use.
type Newcomers struct {
	mu   sync.Mutex
	all  bucket
	from map[netip.Prefix]bucket
}

// Admit reports whether a device that was never seen is taken from an address.
func (n *Newcomers) Admit(ip string, now time.Time) bool {
	from := neighbourhood(ip)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.from == nil {
		n.from, n.all = map[netip.Prefix]bucket{}, bucket{newcomersBurst, now}
	}
	own, known := n.from[from]
	if !known {
		own = bucket{newcomerBurst, now}
	}
	own, n.all = own.filled(now, newcomerRate, newcomerBurst), n.all.filled(now, newcomersRate, newcomersBurst)
	if known {
		n.from[from] = own
	}
	if own.tokens < 1 || n.all.tokens < 1 {
		return false
	}
	own.tokens--
	n.all.tokens--
	n.from[from] = own
	n.tidy(now)
	return true
}

// tidy lets go of the addresses that may send a burst again. It leaves few:
// from all together no more are let in meanwhile.
func (n *Newcomers) tidy(now time.Time) {
	if len(n.from) < newcomerBounds {
		return
	}
	for from, b := range n.from {
		if b.filled(now, newcomerRate, newcomerBurst).tokens >= newcomerBurst {
			delete(n.from, from)
		}
	}
}

// neighbourhood is the addresses that count as one: with IPv6 a network of 64
// bits, which is what a single customer gets at least.
func neighbourhood(ip string) netip.Prefix {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return netip.Prefix{}
	}
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(a, bits).Masked()
}

// bucket holds what may be taken at a time.
type bucket struct {
	tokens float64
	at     time.Time
}

// clockSetBack is how far back a time lies that is not that of one request among
// many at once, but of a clock which was set back.
const clockSetBack = time.Minute

// filled is the bucket as it is later. A clock that is set back fills nothing, but
// does not empty the bucket until it shows the same time again.
func (b bucket) filled(now time.Time, rate, most float64) bucket {
	switch passed := now.Sub(b.at); {
	case passed > 0:
		b.tokens, b.at = min(most, b.tokens+passed.Seconds()*rate), now
	case passed <= -clockSetBack:
		b.at = now
	}
	return b
}
