//go:build unix

package handlers

import "syscall"

// descriptors is how many files and connections the process may have open.
func descriptors() uint64 {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return 2 * concurrency
	}
	return uint64(l.Cur)
}
