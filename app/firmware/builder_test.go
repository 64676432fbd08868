package firmware_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// The tests build their own images, so that everything is tried without real
// firmware, with damage in known places.

var le = binary.LittleEndian

// segment is a piece of an image to build.
type segment struct {
	address uint32
	data    []byte
}

// body appends segments and the checksum to a header.
func body(header []byte, segments []segment) []byte {
	out, sum := header, byte(0xEF)
	for _, s := range segments {
		out = le.AppendUint32(out, s.address)
		out = le.AppendUint32(out, uint32(len(s.data)))
		out = append(out, s.data...)
		for _, b := range s.data {
			sum ^= b
		}
	}
	out = append(out, make([]byte, 15-len(out)%16)...)
	return append(out, sum)
}

// esp32 is an image for the ESP32 family; its zero value is a small ESP32 one.
type esp32 struct {
	chip     uint16
	minRev   uint16
	entry    uint32
	noHash   bool
	segments []segment
}

func (e esp32) build() []byte {
	h := make([]byte, 24)
	h[0], h[1], h[2], h[3], h[8] = 0xE9, byte(len(e.segments)), 2, 0x2F, 0xEE
	le.PutUint32(h[4:], e.entry)
	le.PutUint16(h[12:], e.chip)
	le.PutUint16(h[15:], e.minRev)
	if !e.noHash {
		h[23] = 1
	}
	out := body(h, e.segments)
	if !e.noHash {
		sum := sha256.Sum256(out)
		out = append(out, sum[:]...)
	}
	return out
}

// descriptor is the 256 bytes that ESP-IDF puts at the start of an application.
func descriptor(project, version, idf string) []byte {
	d := make([]byte, 256)
	le.PutUint32(d, 0xABCD5432)
	copy(d[16:48], version)
	copy(d[48:80], project)
	copy(d[80:], "12:00:00")
	copy(d[96:], "Jan  1 2024")
	copy(d[112:144], idf)
	copy(d[144:176], bytes.Repeat([]byte{0xAB}, 32))
	return d
}

// arduino is the descriptor of every Arduino sketch.
func arduino() []byte {
	return descriptor("arduino-lib-builder", "esp-idf: v4.4.6 3572900934", "v4.4.6-dirty")
}

// c3 is an application for the ESP32-C3 with a text among its read-only data.
func c3(desc []byte, text string) esp32 {
	data := append(append([]byte{}, desc...), text...)
	data = append(data, make([]byte, 4-len(data)%4)...)
	code := uint32(24 + 8 + len(data) + 8)
	return esp32{chip: 5, entry: 0x40380000, segments: []segment{
		{0x3C000020, data}, {0x42010000 + code, bytes.Repeat([]byte{0x13, 0x05, 0x15, 0x00}, 16)}, {0x40380000, make([]byte, 32)},
	}}
}

// sketch is an Arduino application for the ESP32-C3 with a text in it.
func sketch(text string) []byte { return c3(arduino(), text+"\x00").build() }

// esp8266 is a file of the ESP8266 Arduino core; core is 2 (no CRC), 27 or 3.
type esp8266 struct {
	core int
	text string
}

func (e esp8266) build() []byte {
	boot := []segment{{0x4010F000, bytes.Repeat([]byte{0x12, 0xC1, 0xF0}, 16)}}
	if e.core == 3 {
		boot = append(boot, segment{0x3FFF20B8, make([]byte, 40)})
	}
	out := body([]byte{0xE9, byte(len(boot)), 2, 0x40, 0x80, 0xF4, 0x10, 0x40}, boot)
	out = append(out, bytes.Repeat([]byte{0xAA}, 4096-len(out))...)
	text := append([]byte(e.text), 0)
	app := body([]byte{0xE9, 3, 2, 0x40, 0, 1, 0x10, 0x40}, []segment{
		{0x40201010, make([]byte, 48)}, {0x40100000, bytes.Repeat([]byte{0x36, 0x41, 0}, 11)}, {0x3FFE8000, text},
	})
	out = append(out, app...)
	switch e.core {
	case 3:
		putCRC(out, 4112)
	case 27:
		putCRC(out, 4088)
	}
	return out
}

// putCRC does as elf2bin.py: the length, and the CRC with both words as zero.
func putCRC(b []byte, at int) {
	copy(b[at:at+8], make([]byte, 8))
	c := crcMPEG2(b)
	le.PutUint32(b[at:], uint32(len(b)))
	le.PutUint32(b[at+4:], c)
}

// crcMPEG2 is the textbook form, bit by bit, to hold the fast one against.
func crcMPEG2(b []byte) uint32 {
	c := uint32(0xFFFFFFFF)
	for _, x := range b {
		c ^= uint32(x) << 24
		for range 8 {
			if c&0x80000000 != 0 {
				c = c<<1 ^ 0x04C11DB7
			} else {
				c <<= 1
			}
		}
	}
	return c
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	w.ModTime = time.Unix(0, 0)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

// row is one of a partition table.
type row struct {
	kind, subtype byte
	offset, size  uint32
	label         string
}

var twoSlots = []row{{1, 2, 0x9000, 0x5000, "nvs"}, {1, 0, 0xE000, 0x2000, "otadata"}, {0, 0x10, 0x10000, 0x140000, "app0"}, {0, 0x11, 0x150000, 0x140000, "app1"}}

func table(rows []row) (out []byte) {
	for _, r := range rows {
		b := make([]byte, 32)
		b[0], b[1], b[2], b[3] = 0xAA, 0x50, r.kind, r.subtype
		le.PutUint32(b[4:], r.offset)
		le.PutUint32(b[8:], r.size)
		copy(b[12:28], r.label)
		out = append(out, b...)
	}
	return append(out, bytes.Repeat([]byte{0xFF}, 0xC00-len(out))...)
}

// flash lays parts out at their addresses, from a first address on.
func flash(base int, parts map[int][]byte) []byte {
	end := 0
	for at, b := range parts {
		end = max(end, at+len(b)-base)
	}
	out := bytes.Repeat([]byte{0xFF}, end)
	for at, b := range parts {
		copy(out[at-base:], b)
	}
	return out
}

// bootloader is a second stage boot loader for a chip; with is its descriptor.
func bootloader(chip uint16, with bool) []byte {
	data := make([]byte, 96)
	if with {
		data[0] = 0x50
		copy(data[8:], "v5.4.1")
	}
	address := map[uint16]uint32{0: 0x3FFF0030, 2: 0x3FFE6108, 5: 0x3FCD5830, 0x12: 0x4FFB60D0, 0x20: 0x2F060000}[chip]
	code := map[uint16]uint32{0: 0x40078000, 2: 0x40050000, 5: 0x403CBF10, 0x12: 0x4FFAB2C0, 0x20: 0x2F050000}[chip]
	return esp32{chip: chip, segments: []segment{{address, data}, {code, make([]byte, 64)}}}.build()
}

// littleFS is the start of such a file system; its size is a number of blocks.
func littleFS(blocks int) []byte {
	b := bytes.Repeat([]byte{0xFF}, 4096*blocks)
	copy(b, "\x01\x00\x00\x00\xf0\x0f\xff\xf7littlefs\x2f\xe0\x00\x10")
	return b
}

// spiffs has the magic of the ESP8266 core, or the one that counts blocks.
func spiffs(blocks int, counted bool) []byte {
	b := bytes.Repeat([]byte{0xFF}, 8192*blocks)
	for n := range blocks {
		magic := uint16(0x0429)
		if counted {
			magic ^= uint16(blocks - n)
		}
		le.PutUint16(b[n*8192+252:], magic)
	}
	return b
}

func uf2(family uint32) []byte {
	b := make([]byte, 1024)
	for _, block := range [][]byte{b[:512], b[512:]} {
		le.PutUint32(block, 0x0A324655)
		le.PutUint32(block[4:], 0x9E5D5157)
		le.PutUint32(block[8:], 0x2000)
		le.PutUint32(block[28:], family)
		le.PutUint32(block[508:], 0x0AB16F30)
	}
	return b
}

// elf is a header with one loaded part.
func elf(machine uint16, address uint32) []byte {
	b := make([]byte, 52+32)
	copy(b, "\x7fELF\x01\x01\x01")
	le.PutUint16(b[18:], machine)
	le.PutUint32(b[28:], 52)
	le.PutUint16(b[44:], 1)
	le.PutUint32(b[52:], 1)
	le.PutUint32(b[60:], address)
	return b
}

// flipped is a copy with one bit changed.
func flipped(b []byte, at, bit int) []byte {
	c := bytes.Clone(b)
	c[at] ^= 1 << bit
	return c
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func fill(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }
