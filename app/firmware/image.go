package firmware

// form is how an image is laid out in its file.
type form int

const (
	formESP32   form = iota
	formArduino      // ESP8266: eboot, and the application 0x1000 further on
	formBare         // ESP8266: an Arduino application without its eboot
	formSingle       // ESP8266: one image for the ROM or for another boot loader
	formRTOS         // ESP8266_RTOS_SDK: other addresses, or the long header with chip id 0
	formV2           // ESP8266: begins with 0xEA
)

// appOffset is where eboot expects the application (esp8266/Arduino
// bootloaders/eboot/eboot.c).
const appOffset = 0x1000

// firstOfSketch is where the flash code of an Arduino application is mapped:
// behind eboot, two headers and the header of its segment.
const firstOfSketch = 0x40201010

// parseImage reads the image that starts at an offset, and chooses the form by
// what only that form can have: an ESP32 image has pin settings where the
// shorter header of the ESP8266 is followed by an address. It is not ok when
// the bytes cannot be the header of any image.
func parseImage(data []byte, at int) (image, bool) {
	if at < 0 || at >= len(data) {
		return image{}, false
	}
	b := data[at:]
	if b[0] == magicV2 {
		return parseV2(data, at)
	}
	if b[0] != magic {
		return image{}, false
	}
	if isEboot(b) && len(b) > appOffset && b[appOffset] == magic {
		m, ok := parseShort(data, at+appOffset)
		m.form = formArduino
		return m, ok
	}
	if len(b) >= 16 && isESP8266Address(u32(b, 8)) {
		return parseShort(data, at)
	}
	return parseLong(data, at)
}

func parseShort(data []byte, at int) (image, bool) {
	h, ok := readShort(data[at:])
	if !ok || !h.countable() {
		return image{}, false
	}
	m := walk(data, at, shortHeader, h, esp8266)
	m.form = formSingle
	switch first := u32(data, at+shortHeader); {
	case first == firstOfSketch:
		m.form = formBare
	case esp8266.mapped(first):
		m.form = formRTOS
	}
	return m, true
}

func parseLong(data []byte, at int) (image, bool) {
	h, ok := readLong(data[at:])
	if !ok || !h.countable() || h.hash > 1 {
		return image{}, false
	}
	c, _ := chipByID(h.chipID)
	m := walk(data, at, longHeader, h, c)
	if h.chipID == 0 && m.isRTOS() {
		m = walk(data, at, longHeader, h, esp8266)
		m.form = formRTOS
	}
	return m, true
}

func (h header) countable() bool { return h.segments >= 1 && h.segments <= maxSegments }

// parseV2 skips the first header and its one segment, which stays in the flash
// and is left out of the checksum; an ordinary image follows (esptool
// bin_image.py, ESP8266V2FirmwareImage).
func parseV2(data []byte, at int) (image, bool) {
	size := int64(u32(data, at+12))
	next := int64(at) + 16 + size
	if len(data) < at+16 || data[at+1] != 4 || next >= int64(len(data)) || data[next] != magic {
		return image{}, false
	}
	m, ok := parseShort(data, int(next))
	m.form = formV2
	return m, ok
}

func isESP8266Address(a uint32) bool {
	return a >= 0x40100000 && a < 0x40110000 || a >= 0x40200000 && a < 0x40300000 || a >= 0x3FFE8000 && a < 0x40000000
}

// isRTOS tells ESP8266_RTOS_SDK images from those of the ESP32, whose flash
// code always begins at 0x400D0000 and never where the ESP8266 has it.
func (m *image) isRTOS() bool {
	found := false
	for _, s := range m.segments {
		switch a := s.Address; {
		case a >= 0x3F400000 && a < 0x3F800000, a >= 0x40080000 && a < 0x40100000, a >= 0x3FFAE000 && a < 0x3FFE8000:
			return false
		case a >= 0x40100000 && a < 0x40110000, a >= 0x40200000 && a < 0x40300000:
			found = true
		}
	}
	return found
}

// length is the image with its hash, in bytes from the start of the file: what
// the ESP32 calls image_len.
func (m *image) length() int {
	if m.form == formESP32 && m.hash == 1 {
		return m.end + hashSize
	}
	return m.end
}
