package firmwaretest

import (
	"bytes"
	"encoding/binary"
)

// LittleFS is the image of an empty LittleFS file system of so many blocks, with
// sectors of 4096 bytes for blocks. Filled sets a byte in it, so that the images
// of two differ.
func LittleFS(blocks int, filled byte) []byte {
	b := bytes.Repeat([]byte{0xFF}, 4096*blocks)
	copy(b, "\x01\x00\x00\x00\xf0\x0f\xff\xf7littlefs\x2f\xe0\x00\x10\x01\x00\x02\x00")
	binary.LittleEndian.PutUint32(b[24:], 4096)
	binary.LittleEndian.PutUint32(b[28:], uint32(blocks)) // #nosec G115 -- a test's small number
	b[len(b)-1] = filled
	return b
}

// SPIFFS is the image of an empty SPIFFS file system of so many blocks of 8192
// bytes, as the ESP8266 core makes it.
func SPIFFS(blocks int) []byte {
	b := bytes.Repeat([]byte{0xFF}, 8192*blocks)
	for n := range blocks {
		binary.LittleEndian.PutUint16(b[n*8192+252:], 0x0429)
	}
	return b
}
