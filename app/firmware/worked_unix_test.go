//go:build unix

package firmware_test

import (
	"syscall"
	"time"
)

// worked is how long processors have worked for the test by now, however long it
// waited for them.
func worked() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano())
}
