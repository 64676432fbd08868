package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"syscall"
	"time"
)

// Bounds of a connection's writing. A deadline for the whole answer would cut a
// slow board off in the middle: a client is dropped when it takes less than a
// piece in all that time.
const (
	piece        = 32 << 10
	pieceTimeout = 30 * time.Second
	sendBuffer   = 64 << 10 // the kernel's own choice takes 245 kB a download
)

// ownDescriptors are for what is no connection to a client: the database, files.
const ownDescriptors = 64

// connections is how many the server takes, so that it can refuse the rest with
// a status instead of letting them wait.
func connections(descriptors uint64) int {
	if descriptors < 2*ownDescriptors {
		return int(max(descriptors, 2) / 2) // #nosec G115 -- below 128
	}
	return int(min(descriptors-ownDescriptors, concurrency)) // #nosec G115 -- at most concurrency
}

// Listen listens on a TCP address for connections that drop who stops reading.
func Listen(address string, log *slog.Logger) (net.Listener, error) {
	var how net.ListenConfig
	how.SetMultipathTCP(false) // boards have one path, and letNobodyKnock works on plain TCP alone
	l, err := how.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	return &listener{TCPListener: l.(*net.TCPListener), log: log, patience: pieceTimeout, closing: closing{done: make(chan struct{})}}, nil
}

type listener struct {
	*net.TCPListener
	log      *slog.Logger
	patience time.Duration // with a client that does not take a piece
	told     time.Time     // when the log last heard that nobody can be let in
	closing
}

// Accept waits when the process has no file descriptor left, instead of ending
// the server.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.next()
		if errors.Is(err, os.ErrDeadlineExceeded) { // now it closes
			continue
		}
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED) {
			l.tell(err)
			time.Sleep(50 * time.Millisecond)
			continue
		}
		if err != nil {
			return nil, err
		}
		return &conn{TCPConn: c, patience: l.patience}, nil
	}
}

// tell logs why nobody can be let in, once a minute while that lasts.
func (l *listener) tell(err error) {
	if time.Since(l.told) >= time.Minute && !errors.Is(err, syscall.ECONNABORTED) {
		l.told = time.Now()
		l.log.Error("no new connection can be taken: let the server have more file descriptors (ulimit -n)", "err", err)
	}
}

type conn struct {
	*net.TCPConn
	patience time.Duration
	bounded  bool // in what the kernel buffers
}

// Write sends all, with a new deadline whenever the client took a piece within
// the last one.
func (c *conn) Write(p []byte) (sent int, err error) {
	if len(p) > piece && !c.bounded { // not for each connection: most answers are short, and it is a system call
		c.bounded = true
		_ = c.SetWriteBuffer(sendBuffer)
	}
	for sent < len(p) {
		if err := c.SetWriteDeadline(time.Now().Add(c.patience)); err != nil {
			return sent, err
		}
		n, err := c.TCPConn.Write(p[sent:])
		sent += n
		if err != nil && (n < piece || !errors.Is(err, os.ErrDeadlineExceeded)) {
			return sent, err
		}
	}
	return sent, nil
}
