package live_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"esp-update-server/app/live"
)

func TestTopicsFold(t *testing.T) {
	h := live.NewHub()
	l := h.Listen()
	defer l.Close()
	for range 10_000 {
		h.Publish(live.Device + "a")
	}
	h.Publish(live.Fleet, live.Device+"b")
	if !l.Wait(context.Background()) {
		t.Fatal("the hub is closed")
	}
	if got := l.Take(); len(got) != 3 {
		t.Errorf("%v", got)
	}
	if got := l.Take(); len(got) != 0 {
		t.Errorf("taken twice: %v", got)
	}
}

func TestASlowListenerLooksAnew(t *testing.T) {
	h := live.NewHub()
	l := h.Listen()
	defer l.Close()
	for i := range 5000 {
		h.Publish(live.Device + strconv.Itoa(i))
	}
	got := l.Take()
	if _, ok := got[live.Resync]; !ok || len(got) > 1001 {
		t.Errorf("%d topics, resync %v", len(got), ok)
	}
}

func TestCloseEndsListeners(t *testing.T) {
	h := live.NewHub()
	l := h.Listen()
	var wg sync.WaitGroup
	wg.Go(func() {
		if l.Wait(context.Background()) {
			t.Error("the hub is still open")
		}
	})
	h.Close()
	wg.Wait()
	l.Close()
	if h.Listen() != nil {
		t.Error("a closed hub took a listener")
	}
	h.Publish("nobody listens")
}

func TestWaitEndsWithItsContext(t *testing.T) {
	h := live.NewHub()
	l := h.Listen()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if !l.Wait(ctx) {
		t.Error("the hub is not closed")
	}
	l.Close()
	if h.Listeners() != 0 {
		t.Error("a closed listener is kept")
	}
}

func TestWhatWasMissedComesFirst(t *testing.T) {
	h := live.NewHub()
	h.Publish("before")
	time.Sleep(2 * time.Millisecond)
	rendered := time.Now()
	h.Publish("missed")
	l := h.ListenSince(rendered)
	defer l.Close()
	if got := l.Take(); len(got) != 1 || !has(got, "missed") {
		t.Errorf("%v", got)
	}
	for name, at := range map[string]time.Time{"before the hub": rendered.Add(-time.Hour), "never": {}, "by a clock that went back since": rendered.Add(time.Hour)} {
		l := h.ListenSince(at)
		if !has(l.Take(), live.Resync) {
			t.Errorf("%s: no resync", name)
		}
		l.Close()
	}
}

func TestMemoryIsBounded(t *testing.T) {
	h := live.NewHub()
	rendered := time.Now()
	for i := range 50_000 {
		h.Publish(live.Device + strconv.Itoa(i))
	}
	l := h.ListenSince(rendered)
	defer l.Close()
	if !has(l.Take(), live.Resync) {
		t.Error("what is no longer known is not made up for")
	}
}

func has(topics map[string]struct{}, topic string) bool {
	_, ok := topics[topic]
	return ok
}
