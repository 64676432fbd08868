package fleet

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"esp-update-server/app/fault"
)

// writeTimeout is how long a database that says nothing is waited for.
const writeTimeout = 10 * time.Second

// touchEvery is how often pages are told of devices that were heard.
const touchEvery = 200 * time.Millisecond

func (w *Writer) run() {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for part := 0; ; {
		select {
		case <-w.stop:
			return
		case <-w.wake:
			w.guarded(w.writeNews)
			w.rest()
		case <-sweep.C:
			w.guarded(func() { w.sweep(part) })
			part++
		}
	}
}

// tell tells pages of devices that were heard.
func (w *Writer) tell() {
	tick := time.NewTicker(touchEvery)
	defer tick.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-tick.C:
			if macs, more := w.index.Touched(); len(macs) > 0 {
				w.guarded(func() { w.told.Touched(macs, more) })
			}
		}
	}
}

// guarded keeps a panic from ending the process.
func (w *Writer) guarded(do func()) {
	defer func() {
		if p := recover(); p != nil {
			w.log.Error("the writing of check-ins broke off", "err", fmt.Sprintf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	do()
}

// rest lets news gather, unless somebody waits for them.
func (w *Writer) rest() {
	select {
	case <-w.stop:
	case <-w.hurry:
	case <-time.After(batchSpacing):
	}
}

// writeNews writes what waits. What cannot be written is tried again until it
// can, or the writer stops; what comes meanwhile folds.
func (w *Writer) writeNews() {
	for len(w.hand.heard)+len(w.hand.downloads) > 0 || w.take() {
		for wait := firstRetry; !w.writeHand(context.Background()); wait = min(2*wait, lastRetry) {
			select {
			case <-w.stop:
				return
			case <-time.After(wait):
			}
		}
		w.done()
	}
}

// writeHand writes what is in hand, and reports whether nothing is left of it.
func (w *Writer) writeHand(ctx context.Context) bool {
	if len(w.hand.heard) > 0 {
		err := w.record(ctx, w.hand.heard)
		if fault.Is(err, fault.Invalid) { // one of them: the others are not to wait for it for ever
			err = w.recordEach(ctx)
		}
		if w.failed(err) {
			return false
		}
		w.hand.heard = nil
	}
	if len(w.hand.downloads) > 0 {
		ctx, cancel := context.WithTimeout(ctx, writeTimeout)
		defer cancel()
		if w.failed(w.journal.CountDownloads(ctx, w.hand.downloads)) {
			return false
		}
		w.told.Counted(w.hand.downloads)
		w.hand.downloads = nil
	}
	return true
}

func (w *Writer) record(ctx context.Context, list []Heard) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	happened, err := w.journal.Record(ctx, list)
	if err == nil {
		w.told.Written(list, happened)
	}
	return err
}

// recordEach writes check-ins one by one, and drops those that the database does
// not take.
func (w *Writer) recordEach(ctx context.Context) error {
	for len(w.hand.heard) > 0 {
		err := w.record(ctx, w.hand.heard[:1])
		if err != nil && !fault.Is(err, fault.Invalid) {
			return err
		}
		if err != nil {
			w.log.Error("a check-in cannot be kept", "device", w.hand.heard[0].MAC.String(), "err", err)
		}
		w.hand.heard = w.hand.heard[1:]
	}
	return nil
}

// failed logs once that the database is away, and once that it is back.
func (w *Writer) failed(err error) bool {
	switch {
	case err != nil && !w.away:
		w.log.Warn("check-ins cannot be written just now; they wait in memory, and boards are answered", "err", err)
	case err == nil && w.away:
		w.log.Info("check-ins are written again")
	}
	w.away = err != nil
	return w.away
}

// sweep writes when the devices of a part of the index were heard, and settles
// some of what was written. News go first.
func (w *Writer) sweep(part int) {
	list := w.index.Unsaved(part)
	for chunk := range slices.Chunk(list, sweepSize) {
		if !w.saw(context.Background(), chunk) {
			w.index.PutBack(list)
			return
		}
		list = list[len(chunk):]
		w.writeNews()
	}
	w.settle()
}

func (w *Writer) settle() {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	last, err := w.journal.Settle(ctx, w.settled, settleSize)
	if !w.failed(err) {
		w.settled = last
	}
}

func (w *Writer) saw(ctx context.Context, list []Seen) bool {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return !w.failed(w.journal.Saw(ctx, list))
}

// Close stops, and writes what is left until ctx ends.
func (w *Writer) Close(ctx context.Context) {
	close(w.stop)
	w.running.Wait()
	for len(w.hand.heard)+len(w.hand.downloads) > 0 || w.take() {
		if !w.writeHand(ctx) {
			return
		}
		w.done()
	}
	for part := range Parts {
		for chunk := range slices.Chunk(w.index.Unsaved(part), sweepSize) {
			if !w.saw(ctx, chunk) {
				return
			}
		}
	}
}
