package firmware

import "encoding/binary"

const (
	magic       = 0xE9 // first byte of every image that the ROM boots
	magicV2     = 0xEA // first byte of an ESP8266 image "version 2" (esptool bin_image.py)
	maxSegments = 16   // esp-idf ESP_IMAGE_MAX_SEGMENTS
	shortHeader = 8    // bytes before the segments of an ESP8266 image
	longHeader  = 24   // bytes before the segments of an ESP32 image
	hashSize    = 32
)

// header is the start of an image (esp-idf esp_app_format.h, esp_image_header_t).
// The last five fields exist in the long form only.
type header struct {
	segments int
	mode     byte // flash mode
	sizeFreq byte // flash size in the high nibble, frequency in the low one
	entry    uint32
	chipID   uint16
	minRev   uint16 // lowest chip revision, major*100 + minor
	maxRev   uint16
	hash     byte // 1 when a SHA-256 follows the image
}

// readShort reads the 8 bytes that all images begin with.
func readShort(b []byte) (h header, ok bool) {
	if len(b) < shortHeader {
		return h, false
	}
	return header{segments: int(b[1]), mode: b[2], sizeFreq: b[3], entry: binary.LittleEndian.Uint32(b[4:])}, true
}

// readLong reads the 24 bytes of an ESP32 image. Images of before ESP-IDF 4.0
// have zeros for the chip id, which is the id of the ESP32.
func readLong(b []byte) (h header, ok bool) {
	if len(b) < longHeader {
		return h, false
	}
	h, _ = readShort(b)
	h.chipID = binary.LittleEndian.Uint16(b[12:])
	h.minRev = binary.LittleEndian.Uint16(b[15:])
	h.maxRev = binary.LittleEndian.Uint16(b[17:])
	if h.minRev == 0 {
		h.minRev = 100 * uint16(b[14]) // the older field counts major revisions only
	}
	h.hash = b[23]
	return h, true
}

// u32 reads a word; 0 beyond the end of b.
func u32(b []byte, at int) uint32 {
	if at < 0 || at+4 > len(b) {
		return 0
	}
	return binary.LittleEndian.Uint32(b[at:])
}
