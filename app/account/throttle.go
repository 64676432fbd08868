package account

import (
	"strconv"
	"strings"
	"time"

	"esp-update-server/app/fault"
)

// Limit says how often something may be tried: freely for a while, then after
// pauses that double up to the longest. Who rests long enough starts anew.
type Limit struct {
	Free    int64
	Pause   time.Duration // the first
	Longest time.Duration
	Forget  time.Duration
}

// Doublings is how often the pause grows until it is at its longest.
func (l Limit) Doublings() (n int64) {
	for p := l.Pause; p < l.Longest; p *= 2 {
		n++
	}
	return n
}

// The limits of what strangers can try. A stranger who keeps trying for an
// account from anywhere slows others down by seconds only: the long pauses are
// for the address that the tries come from.
var (
	AccountFrom = Limit{Free: 5, Pause: 2 * time.Second, Longest: 15 * time.Minute, Forget: time.Hour}
	From        = Limit{Free: 30, Pause: time.Second, Longest: 15 * time.Minute, Forget: time.Hour}
	Account     = Limit{Free: 30, Pause: time.Second, Longest: 30 * time.Second, Forget: time.Hour}
	// Codes are short, so they are harder to try; but only after a right password.
	Codes  = Limit{Free: 10, Pause: 5 * time.Second, Longest: 5 * time.Minute, Forget: 6 * time.Hour}
	SignUp = Limit{Free: 10, Pause: time.Minute, Longest: time.Hour, Forget: 24 * time.Hour}
)

// MaxForget is the longest time for which any limit remembers.
const MaxForget = 24 * time.Hour

// KnownFor is how long an address counts as one that a person signs in from: there
// the guesses of others elsewhere do not hold them up.
const KnownFor = 90 * 24 * time.Hour

// Try is one thing that is limited: what is tried, and for or from whom.
type Try struct {
	Limit Limit
	Key   string // a hash
}

// NewTry makes a Try of parts that name it.
func NewTry(l Limit, parts ...string) Try {
	return Try{Limit: l, Key: HashSecret(strings.Join(parts, "\x00"))}
}

// TooOften is the failure of what must rest for a while.
func TooOften(wait time.Duration) error {
	f := fault.New(fault.TooMany, "This was tried too often. Wait %s, then try again.", inWords(wait))
	f.Retry = wait
	return f
}

func inWords(d time.Duration) string {
	seconds := int64((d + time.Second - 1) / time.Second)
	switch {
	case seconds <= 1:
		return "a second"
	case seconds < 90:
		return plural(seconds, "second")
	}
	return plural((seconds+59)/60, "minute")
}

func plural(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return strconv.FormatInt(n, 10) + " " + unit + "s"
}
