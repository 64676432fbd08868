package fleet

import (
	"slices"
	"sync"
	"time"
)

// Index is all devices in memory, as the device route needs them. An entry is
// small and has no pointers, so that a million of them cost little memory and
// the garbage collector nothing.
//
// What the database says of a device comes in by Put and Drop; what the device
// says by Again and Hear. When a device was last heard is exact here; the
// database learns it later, from Unsettled.
type Index struct {
	shards [shardCount]shard

	mu      sync.RWMutex
	names   []string // of platforms, by number; the first is none
	numbers map[string]uint32
	loading uint8 // the number of the load under way, or of the last one
}

const (
	shardBits  = 6
	shardCount = 1 << shardBits
)

// maxTouched is how many devices of a shard are told as heard in one go.
const maxTouched = 16

// shard is the devices of a part of the MACs.
type shard struct {
	mu      sync.Mutex
	devices map[uint64]entry
	files   map[uint64]int64 // Heard.Facts of the check-ins for file systems, of the few devices that make some
	touched []uint64         // heard since it was last asked
	more    bool             // and others, that were too many to note
	changed bool             // what Unsettled tells is not what it told last
}

// entry is what is known of a device.
type entry struct {
	seen      int64  // when it was last heard, in Unix microseconds; 0 for never
	facts     int64  // Heard.Facts of what is written of it, or about to be; 0 for unknown
	request   uint64 // hash of its last request, when the answer was no update; else 0
	catalog   uint32 // under which that was the answer
	platform  uint32 // whose whitelist it is on, by number
	proof     uint32 // of the password that it sent when it was last heard; see Proved
	load      uint8  // that found it
	unsettled bool   // seen is later than what the device's row says
}

// Known is what the database knows of a device.
type Known struct {
	MAC      MAC
	Platform string    // "" for none
	LastSeen time.Time // zero for never
	Facts    int64

	FilesystemFacts int64 // of its last check-in for a file system; 0 for none

	PasswordKey string // that its last check-in came with
}

// NewIndex makes an empty index.
func NewIndex() *Index {
	x := &Index{names: []string{""}, numbers: map[string]uint32{"": 0}}
	for i := range x.shards {
		x.shards[i].devices, x.shards[i].files = map[uint64]entry{}, map[uint64]int64{}
	}
	return x
}

func (x *Index) shard(mac uint64) *shard {
	return &x.shards[mac*0x9E3779B97F4A7C15>>(64-shardBits)]
}

// Again reports whether a device asks just what it asked before and the answer is
// still that there is no update: then it is heard, and there is no more to do.
// Request is a hash of all that it sent, and catalog the number of the state that
// platforms and releases are in.
func (x *Index) Again(mac, request uint64, catalog uint32, at time.Time) bool {
	s, now := x.shard(mac), at.UnixMicro()
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.devices[mac]
	if !ok || e.request == 0 || e.request != request || e.catalog != catalog || wasSilent(e.seen, now) {
		return false
	}
	e.seen, e.unsettled, s.changed = now, true, true
	s.devices[mac] = e
	s.touch(mac)
	return true
}

func wasSilent(seen, now int64) bool { return now-seen >= SilentAfter.Microseconds() }

// touch notes that the pages which show a device are to hear of it.
func (s *shard) touch(mac uint64) {
	switch {
	case slices.Contains(s.touched, mac):
	case len(s.touched) < maxTouched:
		s.touched = append(s.touched, mac)
	default:
		s.more = true
	}
}

// Find is the platform whose whitelist a device is on, "" for none, and whether
// the device is known.
func (x *Index) Find(mac MAC) (platform string, known bool) {
	n, _ := mac.pack()
	s := x.shard(n)
	s.mu.Lock()
	e, ok := s.devices[n]
	s.mu.Unlock()
	return x.name(e.platform), ok
}

// Hear notes a check-in of a device, and reports whether it said or got anything
// new, which is to be written then. Request and catalog are as in Again, and
// platform the one that Find told: where it is another by now, the answer is not
// taken for the next one too.
func (x *Index) Hear(h *Heard, platform string, request uint64, catalog uint32) (news bool) {
	n, ok := h.MAC.pack()
	if !ok {
		return false
	}
	number, facts, now := x.number(platform), h.Facts(), h.At.UnixMicro()
	s := x.shard(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	e, known := s.devices[n]
	if !known {
		e.load = x.load()
	}
	news = !known || wasSilent(e.seen, now)
	if e.seen, e.proof = now, proofOf(h.PasswordKey); h.Report.WantsApplication() {
		news = e.hear(h, facts) || news
		if e.request = 0; h.Answer == NoUpdate && e.platform == number {
			e.request, e.catalog = request, catalog
		}
	} else if s.files[n] != facts {
		news, s.files[n] = true, facts
	}
	e.unsettled, s.changed = !news, true
	s.devices[n] = e
	if !news {
		s.touch(n)
	}
	return news
}

// hear notes the facts of a check-in for the application, and reports whether
// they are new.
func (e *entry) hear(h *Heard, facts int64) bool {
	if e.facts == facts || h.Alike != 0 && e.facts == h.Alike {
		return false
	}
	e.facts = facts
	return true
}

// Forget lets go of what was noted of a check-in that is not written after all:
// the next one says it again.
func (x *Index) Forget(mac MAC) {
	n, _ := mac.pack()
	s := x.shard(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, n)
	if e, ok := s.devices[n]; ok {
		e.facts, e.request, e.unsettled, s.changed = 0, 0, true, true
		s.devices[n] = e
	}
}

// Put takes in what the database says of a device.
func (x *Index) Put(k Known) {
	n, ok := k.MAC.pack()
	if !ok {
		return
	}
	number, seen := x.number(k.Platform), int64(0)
	if !k.LastSeen.IsZero() {
		seen = k.LastSeen.UnixMicro()
	}
	load := x.load()
	s := x.shard(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.devices[n]
	if e.platform != number || e.facts != k.Facts {
		e.request = 0
	}
	e.platform, e.facts, e.load, e.seen, e.proof = number, k.Facts, load, max(e.seen, seen), proofOf(k.PasswordKey)
	s.devices[n] = e
	if k.FilesystemFacts == 0 {
		delete(s.files, n)
	} else {
		s.files[n] = k.FilesystemFacts
	}
}

// Drop lets go of a device that the database knows no more.
func (x *Index) Drop(mac MAC) {
	n, _ := mac.pack()
	s := x.shard(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.devices, n)
	delete(s.files, n)
}

// Reload takes in all devices of the database, which load hands to Put, and
// drops those that it did not.
func (x *Index) Reload(load func() error) error {
	x.mu.Lock()
	x.loading++
	x.mu.Unlock()
	if err := load(); err != nil {
		return err
	}
	number := x.load()
	for i := range x.shards {
		s := &x.shards[i]
		s.mu.Lock()
		for n, e := range s.devices {
			if e.load != number {
				delete(s.devices, n)
				delete(s.files, n)
			}
		}
		s.mu.Unlock()
	}
	return nil
}

func (x *Index) load() uint8 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.loading
}

// number is the number of a platform, which keeps it for good.
func (x *Index) number(name string) uint32 {
	x.mu.RLock()
	n, ok := x.numbers[name]
	x.mu.RUnlock()
	if ok {
		return n
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if n, ok = x.numbers[name]; !ok {
		n = uint32(len(x.names)) // #nosec G115 -- nobody creates four billion platforms
		x.names, x.numbers[name] = append(x.names, name), n
	}
	return n
}

func (x *Index) name(number uint32) string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.names[number]
}
