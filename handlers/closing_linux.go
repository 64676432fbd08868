package handlers

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// letNobodyKnock makes the system ignore who wants to connect from now on, while
// those that wait already can still be let in: a client asks again after a
// second, and then it is refused. Where that fails, the few that knock in the
// last moment are cut off.
func letNobodyKnock(l *net.TCPListener) {
	raw, err := l.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		//lint:ignore SA1019 what is proposed instead has no such call
		_ = syscall.AttachLsf(int(fd), dropKnocks)
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

// dropKnocks drops what asks for a connection, and nothing of those under way.
var dropKnocks = []syscall.SockFilter{
	{Code: syscall.BPF_LD | syscall.BPF_B | syscall.BPF_ABS, K: 13},                // the flags of a TCP header
	{Code: syscall.BPF_JMP | syscall.BPF_JSET | syscall.BPF_K, Jt: 0, Jf: 1, K: 2}, // SYN
	{Code: syscall.BPF_RET | syscall.BPF_K, K: 0},
	{Code: syscall.BPF_RET | syscall.BPF_K, K: 1<<32 - 1},
}
