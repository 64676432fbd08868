package firmware_test

import (
	"crypto/md5"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/firmware"
)

// wled is a real image of 1.5 MB or, without the folder, one as large.
func wled() []byte {
	data, err := os.ReadFile(filepath.Join(os.Getenv("ESP_FIRMWARE_DIR"), "esp32c3-app-wled-0.15.0.bin"))
	if err != nil {
		return sketch(strings.Repeat(string(noise(3000))+"a text, http://host/path?key=value-1.2.3\x00", 500))
	}
	return data
}

// BenchmarkInspect reports how long an inspection takes in multiples of MD5 and
// SHA-256 over the same bytes, measured in the same run. At most 2 is wanted.
func BenchmarkInspect(b *testing.B) {
	data := wled()
	b.SetBytes(int64(len(data)))
	var hashing, inspecting time.Duration
	for b.Loop() {
		start := time.Now()
		md5.Sum(data)
		sha256.Sum256(data)
		middle := time.Now()
		firmware.Inspect(data, firmware.Options{})
		hashing += middle.Sub(start)
		inspecting += time.Since(middle)
	}
	b.ReportMetric(float64(inspecting)/float64(hashing), "x-of-hashing")
	b.ReportMetric(float64(inspecting.Microseconds())/float64(b.N), "µs/inspection")
}
