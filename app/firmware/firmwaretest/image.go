// Package firmwaretest builds small, whole ESP images for the tests of other
// packages, so that no test depends on firmware files from elsewhere.
package firmwaretest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Chip ids of ESP32-family images (esp-idf esp_app_format.h).
const (
	ESP32   uint16 = 0x0000
	ESP32C3 uint16 = 0x0005
)

// Tag is the text in which a sketch asks for updates, with what update clients
// leave in a binary.
func Tag(platform, version string) string {
	return "ESP8266-http-Update\x00ESP32-http-Update\x00x-ESP32-STA-MAC\x00update?dev=" + platform + "&ver=" + version + "\x00"
}

// ESP8266App is an application for the ESP8266 as the Arduino core 2.x makes
// it: eboot in the first 4096 bytes, the application behind it.
func ESP8266App(text string) []byte {
	eboot := image(0x4010F000, nil, segment{0x4010F000, make([]byte, 16)})
	eboot = append(eboot, bytes.Repeat([]byte{0xAA}, 4096-len(eboot))...)
	return append(eboot, image(0x40100000, nil, segment{0x40201010, make([]byte, 64)}, segment{0x3FFE8000, []byte(text)})...)
}

// ESP32App is an application for a chip of the ESP32 family with an application
// descriptor and the hash at its end.
func ESP32App(chip uint16, text string) []byte {
	extended := make([]byte, 16)
	extended[0] = 0xEE
	binary.LittleEndian.PutUint16(extended[4:], chip)
	extended[15] = 1
	rom, code := uint32(0x3F400020), uint32(0x400D0000)
	if chip != ESP32 {
		rom, code = 0x3C000020, 0x42000000
	}
	data := append(descriptor(), text...)
	pad := make([]byte, 64<<10) // a mapped segment lies in the file as it does in its page
	first := segment{rom, data}
	second := 24 + 8 + (len(data)+3)&^3 + 8
	fill := segment{0, pad[:((0x10000-second-8)%0x10000+0x10000)%0x10000]}
	out := image(code, extended, first, fill, segment{code, make([]byte, 256)})
	sum := sha256.Sum256(out)
	return append(out, sum[:]...)
}

// Gzip compresses an image as PlatformIO and bin2gz do.
func Gzip(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

func descriptor() []byte {
	d := make([]byte, 256)
	binary.LittleEndian.PutUint32(d, 0xABCD5432)
	copy(d[0x10:], "esp-idf: v4.4.6 3572900934")
	copy(d[0x30:], "arduino-lib-builder")
	copy(d[0x50:], "12:00:00")
	copy(d[0x60:], "Jan  1 2026")
	copy(d[0x70:], "v4.4.6-dirty")
	return d
}

type segment struct {
	address uint32
	data    []byte
}

// image lays out header, segments, padding and checksum (esptool bin_image.py).
func image(entry uint32, extended []byte, segments ...segment) []byte {
	out := []byte{0xE9, byte(len(segments)), 2, 0x40} // #nosec G115 -- test data, a few segments
	out = binary.LittleEndian.AppendUint32(out, entry)
	out = append(out, extended...)
	sum := byte(0xEF)
	for _, s := range segments {
		data := append(s.data[:len(s.data):len(s.data)], make([]byte, (4-len(s.data)%4)%4)...)
		out = binary.LittleEndian.AppendUint32(out, s.address)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(data))) // #nosec G115 -- test data, some kilobytes
		out = append(out, data...)
		for _, b := range data {
			sum ^= b
		}
	}
	out = append(out, make([]byte, 16-len(out)%16)...)
	out[len(out)-1] = sum
	return out
}

// Lamp is an application for the platform smart-lamp.
func Lamp(version string) []byte {
	return ESP8266App(Tag("smart-lamp", version) + fmt.Sprintf("%64s", version))
}
