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
// says of the device itself.
func (x *Index) Saw(seen Seen) {
	n, _ := seen.MAC.pack()
	s := x.shard(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.devices[n]; ok {
		e.seen = max(e.seen, seen.At.UnixMicro())
		s.devices[n] = e
	}
}

// Parts is how many parts Unsaved knows.
const Parts = shardCount

// Unsaved takes the devices of a part of the index that were heard since the
// database was told, by MAC.
func (x *Index) Unsaved(part int) []Seen {
	heard := x.shards[part%shardCount].unsaved()
	slices.SortFunc(heard, func(a, b seenAt) int { return cmp.Compare(a.mac, b.mac) })
	list := make([]Seen, len(heard))
	for i, h := range heard {
		list[i] = Seen{unpack(h.mac), time.UnixMicro(h.at).UTC()}
	}
	return list
}

type seenAt struct {
	mac uint64
	at  int64
}

func (s *shard) unsaved() (list []seenAt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, e := range s.devices {
		if e.unsaved {
			list = append(list, seenAt{n, e.seen})
			e.unsaved = false
			s.devices[n] = e
		}
	}
	return list
}

// PutBack is for what Unsaved gave and what could not be saved.
func (x *Index) PutBack(list []Seen) {
	for _, seen := range list {
		n, _ := seen.MAC.pack()
		s := x.shard(n)
		s.mu.Lock()
		if e, ok := s.devices[n]; ok {
			e.unsaved = true
			s.devices[n] = e
		}
		s.mu.Unlock()
	}
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
