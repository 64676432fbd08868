package firmware_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"testing"

	"esp-update-server/app/firmware"
)

func md5Hex(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// TestRunningMD5s: what boards report of themselves.
func TestRunningMD5s(t *testing.T) {
	small, image := esp8266{3, tagText}.build(), sketch(tagText)
	for name, data := range map[string][]byte{
		"plain": small, "gzip": zipped(small), "signed": signESP8266(small, false), "with settings": append(bytes.Clone(small), 1, 2, 3),
	} {
		sums := firmware.RunningMD5s(data)
		if len(sums) != 4 {
			t.Errorf("%s: %d values", name, len(sums))
		}
		for mode := range byte(4) {
			running := bytes.Clone(small)
			running[2] = mode
			if !has(sums, md5Hex(running)) {
				t.Errorf("%s: not found with flash mode %d", name, mode)
			}
		}
	}
	signed := secureBoot2(image, p256())
	for name, c := range map[string]struct {
		data []byte
		want [][]byte
	}{
		"plain": {image, [][]byte{image}}, "junk": {append(bytes.Clone(image), 1, 2, 3), [][]byte{image}},
		"v2": {signed, [][]byte{image, signed}}, "v1": {secureBoot1(image), [][]byte{image}}, "no hash": {esp32{chip: 5, noHash: true, segments: c3(nil, "").segments}.build(), nil},
	} {
		sums := firmware.RunningMD5s(c.data)
		for _, b := range c.want {
			if !has(sums, md5Hex(b)) {
				t.Errorf("%s: %d bytes are not among %d values", name, len(b), len(sums))
			}
		}
	}
	for name, data := range map[string][]byte{"nothing": nil, "text": []byte("x"), "cut": image[:200], "ESP8266 cut": small[:4200], "gzip cut": zipped(small)[:50]} {
		if sums := firmware.RunningMD5s(data); len(sums) != 0 {
			t.Errorf("%s: %v", name, sums)
		}
	}
}

func TestAppendedSHA256(t *testing.T) {
	image := sketch("x")
	want := hex.EncodeToString(image[len(image)-32:])
	for name, data := range map[string][]byte{"plain": image, "junk": append(bytes.Clone(image), noise(100)...), "signed": secureBoot2(image, p256())} {
		if got := firmware.AppendedSHA256(data); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for name, data := range map[string][]byte{"nothing": nil, "ESP8266": esp8266{3, ""}.build(), "none": esp32{chip: 5, noHash: true, segments: c3(nil, "").segments}.build(), "cut": image[:len(image)-1]} {
		if got := firmware.AppendedSHA256(data); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}
