package firmware_test

import (
	"archive/tar"
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"esp-update-server/app/firmware"
)

func noise(n int) []byte {
	r := rand.NewChaCha8([32]byte{1})
	b := make([]byte, n)
	r.Read(b)
	b[0] = 0x83
	return b
}

func tarred(b []byte) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	w.WriteHeader(&tar.Header{Name: "firmware.bin", Size: int64(len(b)), Mode: 0o644})
	w.Write(b)
	w.Close()
	return out.Bytes()
}

// ramOnly runs from RAM: it has a descriptor, but not where an application has it.
func ramOnly() []byte {
	return esp32{entry: 0x40080000, segments: []segment{{0x3FFB0000, append(make([]byte, 64), descriptor("x", "1", "v5.2")...)}, {0x40080000, make([]byte, 64)}}}.build()
}

const tagText = "update?dev=SMART-LAMP&ver=v1.0.2"

// TestKinds: what each file is, why it is refused, and the words that a person
// reads. Files that hold an update address are refused for their kind all the same.
func TestKinds(t *testing.T) {
	app := sketch(tagText)
	for name, c := range map[string]struct {
		data []byte
		kind firmware.Kind
		chip string
		code string
		say  string
	}{
		"nothing":                {nil, firmware.Unknown, "unknown", "empty", "0 bytes"},
		"error page":             {[]byte("<!DOCTYPE html>\n<html>404 " + tagText), firmware.Text, "unknown", "text", "This is an HTML page, not firmware"},
		"error page with BOM":    {[]byte("\xef\xbb\xbf\r\n <HTML>" + tagText), firmware.Text, "unknown", "text", "HTML page"},
		"page in Latin-1":        {[]byte("<html><title>404 Seite nicht gefunden \xe4\xf6\xfc</title></html>"), firmware.Text, "unknown", "text", "HTML page"},
		"Chinese":                {[]byte(strings.Repeat("\u56fa\u4ef6", 1000)), firmware.Text, "unknown", "text", "a text"},
		"0xEA and nothing":       {join([]byte{0xEA, 4}, make([]byte, 998)), firmware.Unknown, "unknown", "header", "no second header"},
		"XML":                    {[]byte("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"), firmware.Text, "unknown", "text", "XML"},
		"JSON":                   {[]byte(`{"error": "not found"}`), firmware.Text, "unknown", "text", "JSON"},
		"Git LFS":                {[]byte("version https://git-lfs.github.com/spec/v1\noid sha256:12\n"), firmware.Text, "unknown", "text", "Git LFS"},
		"source":                 {[]byte("#include <Arduino.h>\n// größer\n"), firmware.Text, "unknown", "text", "#include"},
		"ELF for ESP32":          {elf(94, 0x400D0020), firmware.ELF, "ESP32", "elf", "Xtensa"},
		"ELF for ESP8266":        {elf(94, 0x40201010), firmware.ELF, "ESP8266", "elf", "Xtensa"},
		"ELF for ESP32-S3":       {elf(94, 0x42000020), firmware.ELF, "ESP32-S3", "elf", "Xtensa"},
		"ELF for RISC-V":         {elf(243, 0x42000020), firmware.ELF, "unknown", "elf", "RISC-V"},
		"ELF for AVR":            {elf(83, 0), firmware.ELF, "unknown", "elf", "AVR"},
		"ELF cut":                {[]byte("\x7fELF"), firmware.ELF, "unknown", "elf", "ELF"},
		"UF2":                    {uf2(0xD42BA06C), firmware.UF2, "ESP32-C3", "uf2", "ESP32-C3"},
		"UF2 for a Pico":         {uf2(0xE48BFF56), firmware.UF2, "unknown", "uf2", "another maker"},
		"Intel HEX":              {[]byte(":100000000C945C000C946E000C946E000C946E00CA\n:00000001FF\n"), firmware.IntelHex, "unknown", "intel-hex", "Intel HEX"},
		"ZIP":                    {[]byte("PK\x03\x04..."), firmware.Archive, "unknown", "archive", "ZIP"},
		"tar":                    {tarred(app), firmware.Archive, "unknown", "archive", "tar"},
		"tar.gz":                 {zipped(tarred(app)), firmware.Archive, "unknown", "archive", "no application in it"},
		"gzip of a text":         {zipped([]byte("hello")), firmware.Archive, "unknown", "archive", "no application in it"},
		"gzip of an ESP32":       {zipped(app), firmware.Application, "ESP32-C3", "gzip", "cannot unpack"},
		"gzip of a file system":  {zipped(littleFS(4)), firmware.Filesystem, "unknown", "gzip", "do not unpack it"},
		"gzip of another method": {[]byte("\x1f\x8b\x07\x00............"), firmware.Archive, "unknown", "archive", "gzip"},
		"partition table":        {table(twoSlots), firmware.PartitionTable, "unknown", "partition-table", "4 rows (nvs, otadata, app0, app1)"},
		"boot loader":            {bootloader(5, true), firmware.Bootloader, "ESP32-C3", "bootloader", "ESP-IDF v5.4.1"},
		"old boot loader":        {bootloader(0, false), firmware.Bootloader, "ESP32", "bootloader", "boot loader for ESP32"},
		"ESP8266 boot loader":    {body([]byte{0xE9, 1, 2, 0x30, 0x24, 3, 0x10, 0x40}, []segment{{0x40100000, make([]byte, 512)}}), firmware.Bootloader, "ESP8266", "bootloader", "ESP8266 boot loader"},
		"eboot alone":            {esp8266{3, ""}.build()[:4096], firmware.Application, "ESP8266", "truncated", "only the boot loader eboot"},
		"RAM program":            {ramOnly(), firmware.Unknown, "ESP32", "no-flash-segment", "runs from RAM only"},
		"app for another chip":   {esp32{chip: 0x12, segments: []segment{{0x3C000020, arduino()}}}.build(), firmware.Application, "ESP32-P4", "no-flash-segment", "image for another chip"},
		"otadata":                {join([]byte{1, 0, 0, 0}, fill(0xFF, 8188)), firmware.Unknown, "unknown", "data-partition", "otadata"},
		"NVS":                    {join([]byte{0xFE, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0xFE}, fill(0xFF, 4087)), firmware.Unknown, "unknown", "data-partition", "NVS"},
		"erased flash":           {fill(0xFF, 4096), firmware.Unknown, "unknown", "data-partition", "erased"},
		"encrypted":              {noise(65536), firmware.Encrypted, "unknown", "encrypted", "bits per byte"},
		"esp_encrypted_img":      {join([]byte{0xCF, 0xB6, 0x88, 0x07}, noise(2048)), firmware.Encrypted, "unknown", "encrypted", "esp_encrypted_img"},
		"STM32":                  {join([]byte{0xFC, 0xBF, 1, 0x20, 0xF1, 0x0C, 0, 8}, make([]byte, 512)), firmware.Unknown, "unknown", "other-mcu", "ARM"},
		"AVR":                    {join([]byte{0x0C, 0x94, 0x5C, 0}, make([]byte, 512)), firmware.Unknown, "unknown", "other-mcu", "AVR"},
		"MCUboot":                {join([]byte{0x3D, 0xB8, 0xF3, 0x96}, make([]byte, 512)), firmware.Unknown, "unknown", "other-mcu", "MCUboot"},
		"esp32FOTA":              {join(noise(512), app), firmware.Unknown, "unknown", "other-mcu", "esp32FOTA"},
		"something":              {join([]byte{0xEF, 0, 1}, make([]byte, 999)), firmware.Unknown, "unknown", "header", "begins with 0xEF"},
		"header alone":           {[]byte{0xE9, 0, 3, 1, 0xDE, 0xAD, 0xBE, 0xEF}, firmware.Unknown, "unknown", "truncated", "8 bytes"},
		"no segments":            {join([]byte{0xE9, 0}, make([]byte, 998)), firmware.Unknown, "unknown", "header", "0 segments"},
		"17 segments":            {join([]byte{0xE9, 17}, make([]byte, 998)), firmware.Unknown, "unknown", "header", "17 segments"},
	} {
		i := firmware.Inspect(c.data, firmware.Options{File: name})
		sound(t, c.data, i)
		if i.Kind != c.kind || i.Chip != c.chip || i.Sendable || i.Publishable {
			t.Errorf("%s: kind %s, chip %s, sendable %v; want %s, %s: %v", name, i.Kind, i.Chip, i.Sendable, c.kind, c.chip, codes(i))
		}
		expect(t, i, firmware.Fail, c.code, c.say)
		if f := find(i, c.code); f != nil && !strings.HasPrefix(i.Refusal(), f.Detail) {
			t.Errorf("%s: the refusal is %q", name, i.Refusal())
		}
	}
}

// TestRefusedAndWhole: what cannot be sent as it is, and is not damaged.
func TestRefusedAndWhole(t *testing.T) {
	for name, data := range map[string][]byte{
		"gzip of an ESP32":                    zipped(app(5)),
		"ESP8266 without eboot":               esp8266{3, tagText}.build()[4096:],
		"ESP8266 of core 2.7, without eboot":  esp8266{2, tagText}.build()[4096:],
		"ESP8266, filled up to a whole flash": append(esp8266{3, tagText}.build(), fill(0xFF, 0x400000-len(esp8266{3, tagText}.build()))...),
	} {
		i := firmware.Inspect(data, firmware.Options{File: name})
		sound(t, data, i)
		for _, f := range i.Findings {
			if f.Status == firmware.Fail && strings.Contains(f.Detail, "damaged") {
				t.Errorf("%s: %s", name, f.Detail)
			}
		}
		if i.Sendable || i.HashValid != nil && !*i.HashValid {
			t.Errorf("%s: sendable %v, %v", name, i.Sendable, codes(i))
		}
	}
}

func TestTooLarge(t *testing.T) {
	data := sketch(tagText)
	i := firmware.Inspect(data, firmware.Options{MaxSize: int64(len(data)) - 1})
	expect(t, i, firmware.Fail, "too-large", "the limit is")
	if i.Sendable || i.Kind != firmware.Application {
		t.Errorf("sendable %v, kind %s", i.Sendable, i.Kind)
	}
	if i := firmware.Inspect(data, firmware.Options{MaxSize: int64(len(data))}); !i.Publishable {
		t.Error(i.Refusal())
	}
}

// TestGzip: what eboot needs of a compressed file, and a bomb.
func TestGzip(t *testing.T) {
	raw := esp8266{3, tagText}.build()
	good := zipped(raw)
	i := inspect(good)
	if !i.Publishable || !i.Compressed || i.Size != int64(len(good)) || i.Version != "v1.0.2" {
		t.Errorf("%+v", i)
	}
	expect(t, i, firmware.Pass, "gzip", "unpack to")
	for name, data := range map[string][]byte{
		"trailing bytes": append(bytes.Clone(good), 0), "two members": join(good, good),
		"wrong CRC": flipped(good, len(good)-8, 0), "wrong size": flipped(good, len(good)-1, 0), "damaged": flipped(good, len(good)/2, 3),
	} {
		i := firmware.Inspect(data, firmware.Options{File: name})
		if sound(t, data, i); i.Sendable {
			t.Errorf("%s: sendable: %v", name, codes(i))
		}
	}
	bomb := zipped(make([]byte, 8<<20))
	i = inspect(bomb)
	expect(t, i, firmware.Fail, "gzip", "more than 2,097,152 bytes")
}
