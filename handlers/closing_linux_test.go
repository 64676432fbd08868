package handlers

import (
	"log/slog"
	"net"
	"testing"
	"time"
)

// TestWhoWaitsAtTheDoorIsLetIn holds that a listener which closes lets in all who
// were let to connect before, however late it comes to look, and nobody else.
func TestWhoWaitsAtTheDoorIsLetIn(t *testing.T) {
	opened, err := Listen("127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	l := opened.(*listener)
	if knocks(l.TCPListener) {
		t.Error("somebody knocks before anybody came")
	}
	for range 5 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	closed := make(chan error)
	go func() { closed <- l.Close() }()
	for l.until.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(2 * lastWait)
	if late, err := net.Dial("tcp", l.Addr().String()); err == nil {
		late.Close()
		t.Error("who comes late is let in")
	}
	if !knocks(l.TCPListener) {
		t.Error("nobody knocks")
	}
	for n := range 5 {
		c, err := l.Accept()
		if err != nil {
			t.Fatalf("number %d of those who wait is cut off: %v", n, err)
		}
		defer c.Close()
	}
	if _, err := l.Accept(); err == nil {
		t.Error("somebody else is let in")
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}
