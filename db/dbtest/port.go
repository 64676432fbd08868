package dbtest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// The ports that tests give to programs: below those from which systems choose for
// clients, any of which could take one before its program does, or while that
// is stopped; and none of those that scripts/with-postgres tries.
const (
	firstPort = 10_000
	ports     = 10_000
)

// FreePort is a TCP port of 127.0.0.1 for a program to listen on, which no other
// test gets until this one ends.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := firstPort + rand.IntN(ports) // #nosec G404 -- no secret
		if reserved(t, net.JoinHostPort("127.0.0.1", strconv.Itoa(port))) {
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// reserved takes the UDP port of the same number, which stands for the TCP port
// among all tests of the machine, and reports whether both were free.
func reserved(t testing.TB, address string) bool {
	t.Helper()
	held, err := net.ListenPacket("udp", address)
	if err != nil {
		return false
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		_ = held.Close()
		return false
	}
	_ = l.Close()
	t.Cleanup(func() { _ = held.Close() })
	return true
}
