package handlers

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// How a listener closes. The system takes connections before the program does,
// and cuts those off that still wait when the listener is gone.
const (
	lastWait  = 50 * time.Millisecond // nobody comes any more: who was knocking is in by then
	lastTaken = 5 * time.Second       // who waits is let in until then, however busy the processors are
)

// closing is the end of a listener, which first lets in who waits at its door.
type closing struct {
	until atomic.Int64 // in Unix nanoseconds; 0 while it is open
	once  sync.Once
	done  chan struct{}
}

// Close takes no more connections than those that wait already.
func (l *listener) Close() error {
	if !l.until.CompareAndSwap(0, time.Now().Add(lastTaken).UnixNano()) {
		return net.ErrClosed
	}
	letNobodyKnock(l.TCPListener)
	_ = l.SetDeadline(time.Now()) // wakes Accept
	select {
	case <-l.done:
	case <-time.After(2 * lastTaken): // nobody accepts
		l.shut()
	}
	return nil
}

func (l *listener) shut() {
	l.once.Do(func() {
		_ = l.TCPListener.Close()
		close(l.done)
	})
}

// next is the next connection.
func (l *listener) next() (*net.TCPConn, error) {
	if l.until.Load() == 0 {
		return l.AcceptTCP()
	}
	for began := time.Now(); time.Now().UnixNano() < l.until.Load(); {
		patience := lastWait
		if knocks(l.TCPListener) { // a deadline that is over before Accept looks, since the processors are busy, would cut them off
			patience = lastTaken
		} else if time.Since(began) >= lastWait {
			break
		}
		_ = l.SetDeadline(time.Now().Add(patience))
		if c, err := l.AcceptTCP(); err == nil {
			return c, nil
		}
	}
	l.shut()
	return nil, net.ErrClosed
}
