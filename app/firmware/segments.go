package firmware

import (
	"encoding/binary"
	"math"
)

// image is one image in the bytes: a header, segments and a checksum.
type image struct {
	header
	form     form
	chip     chip
	start    int // offset of the header
	segments []Segment
	whole    bool // all segments and the checksum lie within the bytes
	needs    int  // how many bytes the claimed segments need at least, counted from the file's start
	end      int  // first byte after the checksum; meaningful when whole
}

// walk follows the segments of an image whose header has the given size. It
// stops at the first segment that does not fit: nothing is trusted beyond it.
func walk(data []byte, start, headerSize int, h header, c chip) image {
	m := image{header: h, chip: c, start: start}
	at := start + headerSize
	for n := 0; n < min(h.segments, maxSegments); n++ {
		if m.needs = at + 8; m.needs > len(data) {
			return m
		}
		address, size := u32(data, at), int64(u32(data, at+4))
		if m.needs = int(min(int64(at)+8+size, math.MaxInt32)); m.needs > len(data) {
			return m
		}
		m.segments = append(m.segments, Segment{Address: address, Offset: at + 8, Size: int(size), Region: c.region(address)})
		at += 8 + int(size)
	}
	m.close(data, at)
	return m
}

// close finds the checksum: the last byte of the 16-byte line, counted from
// the image's start, that has room for it (esptool bin_image.py).
func (m *image) close(data []byte, at int) {
	m.needs = m.start + (at-m.start+16)&^15
	if m.needs > len(data) {
		return
	}
	m.whole, m.end = true, m.needs
}

// stored is the checksum that is written in the image, which must be whole.
func (m *image) stored(data []byte) byte { return data[m.end-1] }

// checksum is the XOR of all bytes of all segments, starting with 0xEF.
func (m *image) checksum(data []byte) byte {
	sum := byte(0xEF)
	for _, s := range m.segments {
		sum ^= xor(data[s.Offset : s.Offset+s.Size])
	}
	return sum
}

// xor folds 32 bytes at a time; byte by byte it would take longer than SHA-256.
func xor(b []byte) byte {
	var a, c, d, e uint64
	for ; len(b) >= 32; b = b[32:] {
		a ^= binary.LittleEndian.Uint64(b)
		c ^= binary.LittleEndian.Uint64(b[8:])
		d ^= binary.LittleEndian.Uint64(b[16:])
		e ^= binary.LittleEndian.Uint64(b[24:])
	}
	a ^= c ^ d ^ e
	a ^= a >> 32
	a ^= a >> 16
	a ^= a >> 8
	sum := byte(a) // #nosec G115 -- the lowest byte is meant
	for _, x := range b {
		sum ^= x
	}
	return sum
}

// inFlash reports whether a segment is code or data that stays in the flash, as
// every application has and no boot loader has.
func (m *image) inFlash() bool {
	for _, s := range m.segments {
		if m.chip.mapped(s.Address) && s.Size > 0 {
			return true
		}
	}
	return false
}

// size is the number of bytes that all segments hold.
func (m *image) size() (total int) {
	for _, s := range m.segments {
		total += s.Size
	}
	return total
}
