package firmware

import "encoding/binary"

// crcTables serve eight bytes at a time. The CRC is CRC-32/MPEG-2: polynomial
// 0x04C11DB7, all ones at first, neither reflected nor inverted at the end, as
// esp8266/Arduino tools/elf2bin.py computes it. hash/crc32 has reflected ones only.
var crcTables = func() (t [8][256]uint32) {
	for n := range 256 {
		c := uint32(n) << 24
		for range 8 {
			c = c<<1 ^ 0x04C11DB7&-(c>>31)
		}
		t[0][n] = c
	}
	for n := range 256 {
		for k := 1; k < 8; k++ {
			t[k][n] = t[k-1][n]<<8 ^ t[0][t[k-1][n]>>24]
		}
	}
	return t
}()

// crc continues a CRC over b; start with 0xFFFFFFFF.
func crc(c uint32, b []byte) uint32 {
	t := &crcTables
	for ; len(b) >= 8; b = b[8:] {
		c ^= binary.BigEndian.Uint32(b)
		c = t[7][c>>24] ^ t[6][c>>16&255] ^ t[5][c>>8&255] ^ t[4][c&255] ^
			t[3][b[4]] ^ t[2][b[5]] ^ t[1][b[6]] ^ t[0][b[7]]
	}
	for _, x := range b {
		c = c<<8 ^ t[0][byte(c>>24)^x]
	}
	return c
}

// crcWithout is the CRC over b with the eight bytes at a place taken as zero,
// which is where the result itself is kept.
func crcWithout(b []byte, at int) uint32 {
	c := crc(0xFFFFFFFF, b[:at])
	c = crc(c, make([]byte, 8))
	return crc(c, b[at+8:])
}
