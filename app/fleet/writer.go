package fleet

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// The pace and the bounds of the writing.
const (
	batchSize    = 500                    // devices, and downloads, that one transaction writes
	batchSpacing = 50 * time.Millisecond  // between two of them, so that few boards make few transactions
	MaxWaiting   = 100_000                // devices whose news wait to be written
	maxNews      = 8                      // of one device
	maxDownloads = 10_000                 // that wait to be counted, and are kept one by one
	sweepEvery   = 900 * time.Millisecond // for one part of the index, so that all have their turn within a minute
	settleSize   = 100                    // devices of a part in whose rows it is written when they were heard
	firstRetry   = 250 * time.Millisecond // when the database is away
	lastRetry    = 5 * time.Second
)

// journal is where check-ins are written.
type journal interface {
	// Record writes check-ins, those of one device in the order of their times,
	// and what they changed in the history, which it gives.
	Record(ctx context.Context, list []Heard) ([]Happening, error)
	// Saw keeps when the devices of a part of the index were heard that said
	// nothing new, as far as it is not settled, in place of what it kept before.
	Saw(ctx context.Context, part int, list []Seen) error
	// Settle writes when devices were heard to their rows.
	Settle(ctx context.Context, list []Seen) error
	// CountDownloads counts finished downloads.
	CountDownloads(ctx context.Context, list []Download) error
}

// Writer writes check-ins behind the boards' backs: who asks waits for no
// database. There is one in a process.
//
// News of a device (a version, an address, another answer) are written within
// moments, in batches, in the order in which they came; when many wait, those of
// one device fold. That a device was heard and said nothing new is only noted in
// the index, kept part by part within a minute, and settled at a steady pace in the
// rows of the devices, which cost more. While the database is away, news wait and
// fold, up to a bound.
type Writer struct {
	index   *Index
	journal journal
	log     *slog.Logger
	told    Told

	mu        sync.Mutex
	waiting   map[MAC][]Heard
	order     []MAC // of those that wait
	downloads []Download
	chatter   chatter
	added     uint64 // devices that were ever put in the order
	written   uint64 // of them
	progress  chan struct{}

	wake    chan struct{}
	hurry   chan struct{}
	stop    chan struct{}
	running sync.WaitGroup
	hand    batch       // that is being written
	kept    [Parts]bool // whether there may be something that Saw kept
	settled [Parts]MAC  // up to where a part was settled last
	away    bool        // the last write failed
}

// Told hears what became of check-ins.
type Told interface {
	Written(list []Heard, happened []Happening) // to the database
	Counted(list []Download)                    // in the database
	Touched(macs []MAC, more bool)              // heard without news; more when they are too many to name
}

// batch is what is written together.
type batch struct {
	heard     []Heard
	devices   int
	downloads []Download
}

// NewWriter makes a writer of what an index hears. It writes from Start on.
func NewWriter(index *Index, j journal, log *slog.Logger) *Writer {
	w := &Writer{
		index: index, journal: j, log: log, waiting: map[MAC][]Heard{}, chatter: newChatter(), progress: make(chan struct{}),
		wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	for part := range w.kept {
		w.kept[part] = true
	}
	return w
}

// Start writes until Close, and tells what it wrote.
func (w *Writer) Start(told Told) {
	w.told = told
	w.running.Go(w.run)
	w.running.Go(w.tell)
}

// Full reports whether so much waits to be written that a device never seen
// before is not remembered.
func (w *Writer) Full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting) >= MaxWaiting
}

// Waiting is how many devices' news wait to be written.
func (w *Writer) Waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting)
}

// Add takes the news of a device. Beyond the bound they are forgotten, and the
// device's next check-in says them again.
func (w *Writer) Add(h *Heard) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) >= MaxWaiting && w.waiting[h.MAC] == nil {
		w.index.Forget(h.MAC)
		return
	}
	kept := *h
	kept.trim()
	w.put(kept)
	signal(w.wake)
}

func (w *Writer) put(h Heard) {
	list, waits := w.waiting[h.MAC]
	if !waits {
		w.order = append(w.order, h.MAC)
		w.added++
	}
	if len(list) == maxNews && h.Forged {
		return
	}
	if len(list) == maxNews { // the newest counts most
		list = withoutOne(list, h.subject())
	}
	h.Quiet = w.chatter.tooMuch(h.MAC, h.At)
	w.waiting[h.MAC] = append(list, h)
}

// withoutOne is a list without the last check-in about a subject, else without the
// first of all: the last about each is written.
func withoutOne(list []Heard, s subject) []Heard {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].subject() == s {
			return slices.Delete(list, i, i+1)
		}
	}
	return slices.Delete(list, 0, 1)
}

// AddDownload takes a finished download. When many wait, further ones are counted
// for their release alone.
func (w *Writer) AddDownload(d Download) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.downloads) < maxDownloads {
		w.downloads = append(w.downloads, d)
	} else {
		w.fold(d)
	}
	signal(w.wake)
}

func (w *Writer) fold(d Download) {
	d.MAC = ""
	same := func(o Download) bool {
		return o.Platform == d.Platform && o.Filesystem == d.Filesystem && o.Version == d.Version
	}
	for i := len(w.downloads) - 1; i >= 0 && w.downloads[i].MAC == ""; i-- {
		if same(w.downloads[i]) {
			w.downloads[i].More++
			return
		}
	}
	w.downloads = append(w.downloads, d)
}

// Flush waits until the news that came before are written, or ctx ends.
func (w *Writer) Flush(ctx context.Context) {
	w.mu.Lock()
	goal := w.added
	w.mu.Unlock()
	for {
		w.mu.Lock()
		done, progress := w.written >= goal, w.progress
		w.mu.Unlock()
		if done {
			return
		}
		signal(w.hurry)
		select {
		case <-progress:
		case <-ctx.Done():
			return
		}
	}
}

// signal wakes who waits on a channel with room for one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// take takes the news of the devices that wait longest; false when nothing waits.
func (w *Writer) take() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.order)+len(w.downloads) == 0 {
		return false
	}
	some := min(batchSize, len(w.downloads))
	b := batch{devices: min(batchSize, len(w.order)), downloads: w.downloads[:some:some]}
	for _, mac := range w.order[:b.devices] {
		b.heard = append(b.heard, w.waiting[mac]...)
		delete(w.waiting, mac)
	}
	w.order, w.downloads, w.hand = w.order[b.devices:], w.downloads[some:], b
	return true
}

// done tells those who flush that what is in hand is written.
func (w *Writer) done() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written += uint64(w.hand.devices) // #nosec G115 -- a length
	w.hand = batch{}
	close(w.progress)
	w.progress = make(chan struct{})
}
