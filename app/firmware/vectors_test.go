package firmware_test

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"esp-update-server/app/firmware"
)

var update = flag.Bool("update", false, "write the golden files anew")

// vector1 is an ESP32-C3 application of 336 bytes, put together by hand.
func vector1() []byte {
	b, _ := hex.DecodeString("e901022f00003840ee0000000500030300c70000000000012000003c00010000")
	d := make([]byte, 256)
	copy(d, "\x32\x54\xcd\xab")
	copy(d[16:], "1.2.3")
	copy(d[48:], "demo")
	copy(d[80:], "12:00:00")
	copy(d[96:], "Jan  1 2024")
	copy(d[112:], "v5.1.4")
	b = append(append(append(b, d...), make([]byte, 15)...), 0xC9)
	sum, _ := hex.DecodeString("b72ad41d4211f81b2b6196a287e5dd75c5293b67a9c756990340ce94f6ea7cff")
	return append(b, sum...)
}

// vector2 is a file of an ESP8266 core 3, 4,192 bytes, whose checksum is wrong
// by construction: it was taken before the CRC was put in.
func vector2() []byte {
	count := func(from, to byte) (b []byte) {
		for ; from < to; from++ {
			b = append(b, from)
		}
		return b
	}
	boot := body([]byte{0xE9, 1, 2, 0x40, 0, 0xF0, 0x10, 0x40}, []segment{{0x4010F000, count(0, 16)}})
	boot = append(boot, fill(0xAA, 4096-len(boot))...)
	app := body([]byte{0xE9, 2, 2, 0x40, 0, 0, 0x10, 0x40}, []segment{
		{0x40201010, append(make([]byte, 8), count(0x20, 0x38)...)}, {0x3FFE8000, []byte("update?dev=SMART-LAMP&ver=v1.0.2\x00\x00\x00\x00")},
	})
	b := append(boot, app...)
	le.PutUint32(b[4112:], 4192)
	le.PutUint32(b[4116:], 0xE9E37186)
	return b
}

func TestVectors(t *testing.T) {
	for name, v := range map[string]struct {
		data []byte
		md5  string
	}{
		"v1": {vector1(), "94d8921061179d1866cc0921f6218660"},
		"v2": {vector2(), "d5c02ca5df487aee8a54e72aae1755d8"},
	} {
		i := firmware.Inspect(v.data, firmware.Options{File: name + ".bin"})
		if i.MD5 != v.md5 {
			t.Fatalf("%s: the builder is wrong: MD5 %s, want %s", name, i.MD5, v.md5)
		}
		sound(t, v.data, i)
		golden(t, name, i)
	}
}

func golden(t *testing.T, name string, i *firmware.Inspection) {
	t.Helper()
	text, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".golden")
	if *update {
		os.WriteFile(path, append(text, '\n'), 0o644)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(want)) != string(text) {
		t.Errorf("%s: the inspection changed (go test -update writes it anew):\n%s", name, text)
	}
}

// TestVectorDamage flips each bit of both vectors: with a hash or a CRC over
// everything, no such file may reach a board.
func TestVectorDamage(t *testing.T) {
	for name, data := range map[string][]byte{"v1": vector1(), "v2": vector2()} {
		if i := inspect(data); !i.Sendable {
			t.Fatalf("%s is not sendable: %s", name, i.Refusal())
		}
		for at := range data {
			broken := flipped(data, at, at%8)
			i := inspect(broken)
			if sound(t, broken, i); i.Sendable {
				t.Errorf("%s with byte %d flipped is sendable: %v", name, at, codes(i))
			}
		}
	}
}

// TestHeaderDamage flips each bit of the headers.
func TestHeaderDamage(t *testing.T) {
	for name, c := range map[string]struct {
		data     []byte
		from, to int
	}{
		"ESP32 header":         {sketch("update?dev=lamp&ver=1.0.0"), 0, 32},
		"ESP8266 boot header":  {esp8266{3, "x"}.build(), 0, 16},
		"ESP8266 header":       {esp8266{3, "x"}.build(), 4096, 4128},
		"ESP8266 core 2.7":     {esp8266{27, "x"}.build(), 4096, 4128},
		"ESP8266 core 2.7 CRC": {esp8266{27, "x"}.build(), 4088, 4096},
	} {
		for at := c.from; at < c.to; at++ {
			for bit := range 8 {
				broken := flipped(c.data, at, bit)
				i := inspect(broken)
				if sound(t, broken, i); i.Sendable {
					t.Errorf("%s with bit %d of byte %d flipped is sendable: %v", name, bit, at, codes(i))
				}
			}
		}
	}
}

// TestTruncation cuts files off at each length, a large one at many.
func TestTruncation(t *testing.T) {
	for name, data := range map[string][]byte{
		"v1": vector1(), "v2": vector2(), "ESP32": sketch("x"), "ESP32 without hash": esp32{segments: c3(nil, "x").segments, chip: 5, noHash: true}.build(),
		"ESP8266 core 2": esp8266{2, "x"}.build(), "ESP8266 core 2.7": esp8266{27, "x"}.build(), "gzip": zipped(esp8266{3, "x"}.build()),
		"merged": flash(0, map[int][]byte{0: bootloader(5, true), 0x8000: table(twoSlots), 0x10000: sketch("x")})[:0x9000],
	} {
		for n := 0; n < len(data); n += 1 + len(data)/6000*100 {
			i := inspect(data[:n])
			if sound(t, data[:n], i); i.Sendable {
				t.Errorf("%s cut to %d of %d bytes is sendable: %v", name, n, len(data), codes(i))
			}
		}
	}
}
