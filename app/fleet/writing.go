package fleet

import (
	"cmp"
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
			w.guarded(func() { w.sweep(part % Parts) })
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

// sweep settles some of the devices of a part of the index, and keeps when the
// others were heard. News go first.
func (w *Writer) sweep(part int) {
	list, changed := w.index.Unsettled(part)
	if !changed {
		return
	}
	rest, err := w.settle(part, list)
	if err == nil {
		w.writeNews()
		err = w.saw(context.Background(), part, rest)
	}
	if w.failed(err) || len(rest) > 0 {
		w.index.AskAgain(part)
	}
}

// settle settles a bounded number of devices of a part, from where it ended the
// last time, and gives the others.
func (w *Writer) settle(part int, list []Seen) (rest []Seen, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	from, _ := slices.BinarySearchFunc(list, w.settled[part], func(s Seen, mac MAC) int { return cmp.Compare(s.MAC, mac) })
	list = append(list[from:], list[:from]...)
	some := list[:min(settleSize, len(list))]
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	if err := w.journal.Settle(ctx, some); err != nil {
		return list, err
	}
	w.index.Settled(some)
	rest = list[len(some):]
	if len(rest) > 0 {
		w.settled[part] = rest[0].MAC
	}
	return rest, nil
}

// saw keeps when the devices of a part were heard.
func (w *Writer) saw(ctx context.Context, part int, list []Seen) error {
	if len(list) == 0 && !w.kept[part] {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	err := w.journal.Saw(ctx, part, list)
	if err == nil {
		w.kept[part] = len(list) > 0
	}
	return err
}

// Close stops, and writes what is left until ctx ends: first when devices were
// heard, which takes a moment, and then the news. A database that is away may come
// back until then.
func (w *Writer) Close(ctx context.Context) {
	close(w.stop)
	if w.ended(ctx) && w.untilDone(ctx, w.lastSeen) && w.untilDone(ctx, w.lastNews) {
		return
	}
	w.log.Error("not all that boards said could be written before the end", "devices", w.Waiting()+w.hand.devices)
}

// untilDone tries again and again, until ctx ends.
func (w *Writer) untilDone(ctx context.Context, try func(context.Context) bool) bool {
	for wait := firstRetry; !try(ctx); wait = min(2*wait, lastRetry) {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
	return true
}

// ended waits until nothing is written any more; false when that takes too long.
func (w *Writer) ended(ctx context.Context) bool {
	over := make(chan struct{})
	go func() {
		w.running.Wait()
		close(over)
	}()
	select {
	case <-over:
		return true
	case <-ctx.Done():
		return false
	}
}

func (w *Writer) lastSeen(ctx context.Context) bool {
	for part := range Parts {
		if list, changed := w.index.Unsettled(part); changed && w.saw(ctx, part, list) != nil {
			w.index.AskAgain(part)
			return false
		}
	}
	return true
}

func (w *Writer) lastNews(ctx context.Context) bool {
	for len(w.hand.heard)+len(w.hand.downloads) > 0 || w.take() {
		if !w.writeHand(ctx) {
			return false
		}
		w.done()
	}
	return true
}
