//go:build !unix

package firmware_test

import "time"

var began = time.Now()

// worked is how long the test has run by now.
func worked() time.Duration { return time.Since(began) }
