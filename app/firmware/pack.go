package firmware

import (
	"bytes"
	"compress/gzip"
)

// FlashModeDOUT is the flash mode in which every ESP8266 starts, whatever its
// flash is wired for.
const FlashModeDOUT byte = 3

// flashModesESP8266 is how many flash modes an ESP8266 can be set to.
const flashModesESP8266 byte = 4

// Where an image has its flash mode and size. What the ROM of the ESP8266 reads is
// in the first header, that of eboot.
const (
	flashModeAt = 2
	flashSizeAt = 3
)

// Pack compresses an application for the ESP8266, for a board whose flash runs in
// a mode. The updater of the board puts that mode into a plain image, but not into
// a compressed one, and with a wrong mode the board does not start any more
// (esp8266/Arduino doc/ota_updates/readme.rst): so it is put in here. It is not ok
// for what is no plain, whole and unsigned application.
//
// The boot loader takes one gzip member with nothing behind it (eboot.c).
func Pack(data []byte, mode byte) (packed []byte, ok bool) {
	m, ok := parseImage(data, 0)
	if !ok || !m.whole || m.form != formArduino || m.end != len(data) || data[flashSizeAt] != data[appOffset+flashSizeAt] {
		return nil, false
	}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, false
	}
	for _, part := range [][]byte{data[:flashModeAt], {mode}, data[flashModeAt+1:]} {
		if _, err := w.Write(part); err != nil {
			return nil, false
		}
	}
	if w.Close() != nil {
		return nil, false
	}
	return out.Bytes(), true
}

// RunningMode is the flash mode of a board that runs an application for the
// ESP8266, told by the digest that the board reports of it; see RunningMD5s.
func RunningMode(data []byte, reported string) (mode byte, ok bool) {
	if isGzip(data) {
		data = inflate(data).data
	}
	m, ok := parseImage(data, 0)
	if !ok || !m.whole || m.form != formArduino || m.end > len(data) {
		return 0, false
	}
	for mode := range flashModesESP8266 {
		if md5InMode(data[:m.end], mode) == reported {
			return mode, true
		}
	}
	return 0, false
}
