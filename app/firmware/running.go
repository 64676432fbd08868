package firmware

import (
	"crypto/md5" // #nosec G501 -- what boards report of themselves
	"encoding/hex"
	"slices"
)

// RunningMD5s are the digests with which a board that runs this image can
// report itself (x-ESP8266-sketch-md5, x-ESP32-sketch-md5), in lower-case hex.
// A board hashes what it has in its flash: the image without what follows it,
// unpacked, and on the ESP8266 with the flash mode that the board itself uses
// in place of the one in the file (esp8266/Arduino cores/esp8266/Updater.cpp).
// None for what is no whole image.
func RunningMD5s(data []byte) []string {
	if isGzip(data) {
		data = inflate(data).data
	}
	m, ok := parseImage(data, 0)
	switch {
	case !ok || !m.whole || m.length() > len(data):
		return nil
	case m.form == formESP32:
		return md5sESP32(data, m)
	case m.form == formArduino:
		return md5sESP8266(data[:m.end])
	}
	return nil
}

// md5sESP32 has also the image with its signature: boards that check it count
// it as part of the image (esp-idf esp_image_format.c).
func md5sESP32(data []byte, m image) []string {
	found := []string{md5Hex(data[:m.length()])}
	tail := data[m.length():]
	if isV1Signature(tail) {
		found = append(found, md5Hex(data[:m.length()+v1Signature]))
	}
	if n := m.fileLength(data); n > m.length() {
		found = append(found, md5Hex(data[:n]))
	}
	return found
}

// md5sESP8266 hashes the image as it is, then with each of the four modes.
func md5sESP8266(image []byte) []string {
	found := []string{md5Hex(image)}
	for mode := range flashModesESP8266 {
		if sum := md5InMode(image, mode); !slices.Contains(found, sum) {
			found = append(found, sum)
		}
	}
	return found
}

// md5InMode hashes the image with a flash mode in place of its own.
func md5InMode(image []byte, mode byte) string {
	h := md5.New() // #nosec G401 -- what boards report of themselves
	h.Write(image[:flashModeAt])
	h.Write([]byte{mode})
	h.Write(image[flashModeAt+1:])
	return hex.EncodeToString(h.Sum(nil))
}

func md5Hex(b []byte) string {
	sum := md5.Sum(b) // #nosec G401 -- what boards report of themselves
	return hex.EncodeToString(sum[:])
}

// AppendedSHA256 is the hash at the end of an ESP32 image, in lower-case hex,
// "" if it has none. A board that runs the image reports it, in upper case, as
// x-ESP32-sketch-sha256.
func AppendedSHA256(data []byte) string {
	m, ok := parseImage(data, 0)
	if !ok || !m.whole || m.form != formESP32 || m.hash != 1 || m.length() > len(data) {
		return ""
	}
	return hex.EncodeToString(data[m.end:m.length()])
}
