package fleet

import (
	"strconv"
	"sync"
	"time"
)

// A MAC can be forged, a password cannot be guessed. So what comes without the
// password, under the MAC of a device that has just shown that it knows it, is
// told of and changes nothing of the device.

// ProvedFor is how long a check-in with the password speaks for a device. A
// board that really lost its password is shown as refused after that.
const ProvedFor = 24 * time.Hour

// proofOf is as much of a password's key as an entry of the index has room for;
// 0 where there was no right password.
func proofOf(key string) uint32 {
	n, err := strconv.ParseUint(key[:min(len(key), 8)], 16, 32)
	if err != nil {
		return 0
	}
	return uint32(n) // #nosec G115 -- read as 32 bits
}

// Proved reports whether a device was heard lately and sent one of the passwords
// then.
func (x *Index) Proved(mac MAC, p *Passwords, at time.Time) bool {
	n, _ := mac.pack()
	s := x.shard(n)
	s.mu.Lock()
	e := s.devices[n]
	s.mu.Unlock()
	if passed := at.UnixMicro() - e.seen; e.proof == 0 || max(passed, -passed) >= ProvedFor.Microseconds() { // a clock may have been wrong
		return false
	}
	return e.proof == proofOf(PasswordKey(p.Hash)) || e.proof == proofOf(PasswordKey(p.OldHash))
}

// The bounds of what is told of forged check-ins.
const (
	forgeryEvery = time.Hour // of one device
	maxForgeries = 10_000    // devices of which it is told in that time
)

// Forgeries bounds what is told of forged check-ins, since they can be as many
// as somebody likes.
type Forgeries struct {
	mu    sync.Mutex
	since time.Time
	told  map[MAC]bool
}

// Tell reports whether one of a device is to be told of.
func (f *Forgeries) Tell(mac MAC, at time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if passed := at.Sub(f.since); passed >= forgeryEvery || passed <= -forgeryEvery { // a clock may have been wrong
		f.since, f.told = at, map[MAC]bool{}
	}
	if f.told[mac] || len(f.told) >= maxForgeries {
		return false
	}
	f.told[mac] = true
	return true
}
