package firmware_test

import (
	"crypto/md5"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"

	"esp-update-server/app/firmware"
)

// BenchmarkInspect reports how long an inspection takes in multiples of MD5 and
// SHA-256 over the same bytes, measured in the same run.
func BenchmarkInspect(b *testing.B) {
	data, err := os.ReadFile(filepath.Join(os.Getenv("ESP_FIRMWARE_DIR"), "esp32c3-app-wled-0.15.0.bin"))
	if err != nil {
		b.Skip("no")
	}
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
	b.ReportMetric(float64(inspecting.Microseconds())/float64(b.N), "us/inspect")
}
