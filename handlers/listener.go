package handlers

import (
	"errors"
	"net"
	"syscall"
	"time"
)

// Bounds of a connection's writing. A deadline for the whole answer would cut a
// slow board off in the middle; one for each piece drops only a client that
// stopped reading.
const (
	piece        = 32 << 10
	pieceTimeout = 30 * time.Second
	sendBuffer   = 64 << 10 // the kernel's own choice takes 245 kB a download
)

// Listen listens on a TCP address for connections that are written in pieces.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return &listener{l.(*net.TCPListener)}, nil
}

type listener struct{ *net.TCPListener }

// Accept waits when the process has no file descriptor left, instead of ending
// the server.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.AcceptTCP()
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED) {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		if err != nil {
			return nil, err
		}
		_ = c.SetWriteBuffer(sendBuffer)
		return &conn{c}, nil
	}
}

type conn struct{ *net.TCPConn }

// Write sends in pieces, each with a deadline of its own.
func (c *conn) Write(p []byte) (sent int, err error) {
	for len(p) > 0 {
		if err := c.SetWriteDeadline(time.Now().Add(pieceTimeout)); err != nil {
			return sent, err
		}
		n, err := c.TCPConn.Write(p[:min(len(p), piece)])
		sent += n
		if err != nil {
			return sent, err
		}
		p = p[n:]
	}
	return sent, nil
}
