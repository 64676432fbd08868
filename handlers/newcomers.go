package handlers

import (
	"sync"
	"time"

	"esp-update-server/app/fleet"
)

// newcomers takes devices that were never seen at a bounded rate.
type newcomers struct {
	fleet.Newcomers
	mu     sync.Mutex
	logged time.Time // that some were not remembered
	passed int64     // how many since then
}

// crowdLogged is how often it is logged that new devices come too fast.
const crowdLogged = time.Minute

// admits reports whether a board that asks is remembered. One that is known
// always is; one that is not, when its address did not send too many. It is
// answered all the same and asks again, so that a whole factory gets in over
// time.
func (s *server) admits(in *fleet.CheckIn, known bool) bool {
	if known || in.MAC == "" || s.newcomers.Admit(in.IP, in.At) {
		return true
	}
	n := &s.newcomers
	n.mu.Lock()
	defer n.mu.Unlock()
	n.passed++
	if in.At.Sub(n.logged) >= crowdLogged {
		s.Log.Warn("new devices come too fast: not all are remembered", "not remembered", n.passed, "last from", in.IP)
		n.logged, n.passed = in.At, 0
	}
	return false
}
