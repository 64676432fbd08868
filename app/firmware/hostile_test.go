package firmware_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/firmware"
)

// seeds are good files of each kind, for fuzzing to start from.
func seeds() [][]byte {
	return [][]byte{
		nil, vector1(), vector2(), sketch(tagText), esp8266{2, tagText}.build(), esp8266{27, tagText}.build(), esp8266{3, tagText}.build(),
		zipped(esp8266{3, tagText}.build()), zipped(make([]byte, 4<<20)), bootloader(5, true), table(twoSlots), uf2(0xD42BA06C), elf(94, 0x400D0020),
		littleFS(2), superblock(littleFS(2), 4096, 2), spiffs(2, true), fat(2), ramOnly(), []byte("<html>" + tagText), []byte(":100000000C945C000C946E000C946E000C946E00CA\n"),
		secureBoot2(sketch("x"), p256()), secureBoot1(sketch("x")), append(sketch("x"), make([]byte, 512)...),
		flash(0, map[int][]byte{0: bootloader(5, true), 0x1000: table([]row{{0, 0, 0x2000, 0x2000, "factory"}}), 0x2000: sketch(tagText)}),
		sketch("update?dev=a&ver=1\x00ESPOTA:dev=b;ver=2\x00?dev=&ver=" + certificatePEM(authority("CA", now))),
	}
}

// FuzzInspect: no bytes make it panic, hang, or contradict itself.
func FuzzInspect(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		i := firmware.Inspect(data, firmware.Options{MaxSize: 1 << 20, Platforms: []string{"smart-lamp", "a"}, Now: now})
		sound(t, data, i)
		if fs := i.Filesystem; (fs != nil) != (i.Kind == firmware.Filesystem) || fs != nil && len(i.Failures()) == 0 && fs.BlockSize*fs.BlockCount > i.Size {
			t.Errorf("a %s with the file system %+v", i.Kind, fs)
		}
		if sums := firmware.RunningMD5s(data); i.Sendable && len(sums) == 0 {
			t.Error("a sendable image has no digest")
		}
		if sum := firmware.AppendedSHA256(data); i.HashValid != nil && *i.HashValid && len(sum) != 64 {
			t.Errorf("a hash that is right was not read: %q", sum)
		}
	})
}

// FuzzExtract: what comes out lies in what went in, and is an image.
func FuzzExtract(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		app, err := firmware.Extract(data)
		if at, unfit := firmware.Installable(data); unfit == nil && (err != nil || at < 0) {
			t.Errorf("installable at %d, and nothing to extract: %v", at, err)
		}
		firmware.Settings(data)
		if err != nil {
			return
		}
		if len(app) == 0 || !bytes.Contains(data, app) {
			t.Errorf("%d bytes, not in the file", len(app))
		}
		if i := inspect(app); i.Kind == firmware.Merged && len(app) == len(data) {
			t.Error("extracted the merged file itself")
		}
	})
}

// hostile are files that try to be expensive: each would be quadratic, or
// would allocate what a header claims, if it were read carelessly.
func hostile() map[string][]byte {
	const size = 1 << 20
	repeated := func(text string) []byte { return bytes.Repeat([]byte(text), size/len(text)) }
	inApp := func(text string) []byte { return sketch(string(repeated(text))) }
	slots := make([]row, 90)
	for n := range slots {
		slots[n] = row{0, byte(n), 0x10000, 0x1000000, fmt.Sprint("app", n)}
	}
	big := c3(arduino(), strings.Repeat("\x00", size)).build()
	return map[string][]byte{
		"bomb": zipped(make([]byte, 16<<20)), "inflates to the limit": zipped(make([]byte, 2<<20)), "claims 4 GB": append(zipped([]byte("x")), fill(0xFF, 4)...),
		"huge segment": join([]byte{0xE9, 16, 2, 0x2F}, make([]byte, 20), fill(0xFF, 64)), "questions": inApp("?"), "queries": inApp("?dev=a&ver=b"), "pairs": inApp("a=b&"),
		"markers": inApp("ESPOTA:dev="), "versions": inApp("1.2.3\x00"), "dots": inApp("1."), "PEM": inApp("-----BEGIN CERTIFICATE-----\n"),
		"DER": inApp("\x30\x82\x10\x00\x30\x82\x10\x00\xa0\x03\x02\x01\x02"), "addresses": inApp("://a:b"), "descriptors": esp32{segments: []segment{{0x3FFB0000, repeated("\x32\x54\xcd\xab")}}}.build(),
		"tables": repeated(string(table(twoSlots)[:0x1000-0x400]) + strings.Repeat("\xff", 0x400)), "many slots": flash(0, map[int][]byte{0x1000: table(slots), 0x10000: big}), "E9": fill(0xE9, size), "AA": fill(0xAA, size),
		"hyphens": inApp("-"), "names": inApp("smart-lamp\x00"),
	}
}

// TestHostile bounds memory and work whatever the bytes claim.
func TestHostile(t *testing.T) {
	for name, data := range hostile() {
		input := uint64(len(data))
		if data[0] == 0x1F {
			input = max(input, 2<<20)
		}
		start := worked()
		if got, limit := allocated(func() { sound(t, data, firmware.Inspect(data, firmware.Options{Platforms: []string{"lamp"}})) }), 3*input+1<<20; got > limit {
			t.Errorf("%s: %d bytes allocated for %d; the limit is %d", name, got, input, limit)
		}
		if got, limit := allocated(func() { firmware.Extract(data); firmware.RunningMD5s(data) }), 3*input+1<<20; got > limit {
			t.Errorf("%s: %d bytes allocated to extract and hash %d; the limit is %d", name, got, input, limit)
		}
		took := worked() - start
		t.Logf("%s took %s", name, took)
		if took > 20*time.Second { // what is quadratic takes minutes, the others a second at most
			t.Errorf("%s took %s of the processors' time", name, took)
		}
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
