package fleet

import (
	"cmp"
	"slices"
	"time"
)

// LastSeen is when this process heard a device, or the database did before; zero
// for never.
func (x *Index) LastSeen(mac MAC) time.Time {
	n, _ := mac.pack()
	s := x.shard(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.devices[n]; e.seen != 0 {
		return time.UnixMicro(e.seen).UTC()
	}
	return time.Time{}
}

// Saw takes in when the database says that a device was heard, beside what it
// says of the device itself; when that is left to this process, it is unsettled.
// Pages hear of what another process heard as of what this one did.
func (x *Index) Saw(seen Seen, left bool) {
	n, _ := seen.MAC.pack()
	s, at := x.shard(n), seen.At.UnixMicro()
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.devices[n]
	if !ok || e.seen > at || e.seen == at && !left {
		return
	}
	if e.seen < at {
		s.touch(n)
	}
	e.seen, e.unsettled, s.changed = at, e.unsettled || left, true
	s.devices[n] = e
}

// Parts is how many parts Unsettled knows.
const Parts = shardCount

// Unsettled is the devices of a part of the index that were heard later than
// their rows say, by MAC, and whether they are others, or at other times, than
// when it was last asked.
func (x *Index) Unsettled(part int) (list []Seen, changed bool) {
	s := &x.shards[part]
	heard, changed := s.unsettled()
	slices.SortFunc(heard, func(a, b seenAt) int { return cmp.Compare(a.mac, b.mac) })
	list = make([]Seen, len(heard))
	for i, h := range heard {
		list[i] = Seen{unpack(h.mac), time.UnixMicro(h.at).UTC()}
	}
	return list, changed
}

type seenAt struct {
	mac uint64
	at  int64
}

func (s *shard) unsettled() (list []seenAt, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.changed {
		return nil, false
	}
	s.changed = false
	for n, e := range s.devices {
		if e.unsettled {
			list = append(list, seenAt{n, e.seen})
		}
	}
	return list, true
}

// Settled is for devices whose rows say when they were heard. Those that were
// heard again meanwhile stay unsettled.
func (x *Index) Settled(list []Seen) {
	for _, seen := range list {
		n, _ := seen.MAC.pack()
		s := x.shard(n)
		s.mu.Lock()
		if e, ok := s.devices[n]; ok && e.seen == seen.At.UnixMicro() {
			e.unsettled = false
			s.devices[n] = e
		}
		s.mu.Unlock()
	}
}

// AskAgain lets Unsettled tell of a part again.
func (x *Index) AskAgain(part int) {
	s := &x.shards[part]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = true
}

// Touched takes the devices that were heard, without news, since it was last
// asked. When they were more than anybody wants to hear of one by one, more is
// true.
func (x *Index) Touched() (list []MAC, more bool) {
	for i := range x.shards {
		s := &x.shards[i]
		s.mu.Lock()
		for _, n := range s.touched {
			list = append(list, unpack(n))
		}
		more = more || s.more
		s.touched, s.more = s.touched[:0], false
		s.mu.Unlock()
	}
	return list, more
}
