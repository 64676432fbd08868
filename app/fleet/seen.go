package fleet

import (
	"encoding/binary"
	"time"
)

// Seen is that a device was heard and said nothing new.
type Seen struct {
	MAC MAC
	At  time.Time
}

// seenSize is how many bytes one Seen takes in a list that is kept: the MAC as a
// number, then the time in Unix microseconds.
const seenSize = 16

// AppendSeen writes a list in the form that is kept, behind what is there.
func AppendSeen(to []byte, list []Seen) []byte {
	for _, seen := range list {
		n, _ := seen.MAC.pack()
		to = binary.BigEndian.AppendUint64(to, n)
		to = binary.BigEndian.AppendUint64(to, uint64(seen.At.UnixMicro())) // #nosec G115 -- its bits are meant
	}
	return to
}

// ReadSeen hands over the entries of a list that AppendSeen wrote.
func ReadSeen(data []byte, each func(Seen)) {
	for ; len(data) >= seenSize; data = data[seenSize:] {
		at := int64(binary.BigEndian.Uint64(data[8:])) // #nosec G115 -- its bits are meant
		each(Seen{MAC: unpack(binary.BigEndian.Uint64(data)), At: time.UnixMicro(at).UTC()})
	}
}
