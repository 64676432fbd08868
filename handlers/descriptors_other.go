//go:build !unix

package handlers

// descriptors is how many files and connections the process may have open.
func descriptors() uint64 { return 2 * concurrency }
