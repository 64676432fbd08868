package handlers

import (
	"net"

	"golang.org/x/sys/unix"
)

// noInterface is the number of no network interface.
const noInterface = 1 << 30

// letNobodyKnock makes the system refuse who wants to connect from now on, while
// those that wait already can still be let in: it looks for a listener on the
// interface that a request comes by, and this one listens on none of them any more
// (SO_BINDTOIFINDEX, allowed to everybody since Linux 5.7). Where that fails, the
// few that knock in the last moment are cut off.
func letNobodyKnock(l *net.TCPListener) {
	raw, err := l.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, noInterface)
	})
}

// knocks reports whether somebody waits at the door of a listener.
func knocks(l *net.TCPListener) (waits bool) {
	raw, err := l.SyscallConn()
	if err != nil {
		return false
	}
	_ = raw.Control(func(fd uintptr) {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0) // #nosec G115 -- a file descriptor
		waits = err == nil && n > 0
	})
	return waits
}
