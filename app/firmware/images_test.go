package firmware_test

import (
	"bytes"
	"testing"

	"esp-update-server/app/firmware"
)

// TestESP8266 tries what the generations of the core leave in a file, and what
// is not made by it.
func TestESP8266(t *testing.T) {
	for _, core := range []int{2, 27, 3} {
		data := esp8266{core, tagText}.build()
		i := inspect(data)
		sound(t, data, i)
		if !i.Publishable || i.Chip != "ESP8266" || i.FlashMode != "DIO" || i.FlashSize != "4MB" || i.FlashFreq != "40MHz" || i.Family() != firmware.ESP8266 {
			t.Errorf("core %d: %+v", core, i)
		}
		if i.ChecksumValid == nil || !*i.ChecksumValid || i.HashValid != nil {
			t.Errorf("core %d: checksum %v, hash %v", core, i.ChecksumValid, i.HashValid)
		}
	}
	good := esp8266{3, tagText}.build()
	app := good[4096:]
	rtos := esp32{segments: []segment{{0x40210010, make([]byte, 64)}, {0x40100000, make([]byte, 64)}}, noHash: true}
	short := body([]byte{0xE9, 2, 2, 0x10, 4, 7, 0x21, 0x40}, []segment{{0x40210010, make([]byte, 0x5000)}, {0x40100000, make([]byte, 64)}})
	single := body([]byte{0xE9, 2, 2, 0x10, 4, 1, 0x10, 0x40}, []segment{{0x40100000, make([]byte, 0x5000)}, {0x3FFE8000, make([]byte, 64)}})
	v2 := join([]byte{0xEA, 4, 0, 2, 0, 0, 0x10, 0x40, 0, 0, 0, 0, 0x20, 0, 0, 0}, make([]byte, 32), body([]byte{0xE9, 1, 0, 0, 0, 0, 0x10, 0x40}, []segment{{0x40100000, make([]byte, 64)}}), make([]byte, 4))
	tooBig := esp8266{2, ""}.build()
	le.PutUint32(tooBig[4096+8:], 0x402FFFF0)
	for name, c := range map[string]struct {
		data      []byte
		code, say string
	}{
		"no eboot":         {app, "header", "without the 4,096 bytes of eboot"},
		"RTOS SDK":         {rtos.build(), "header", "ESP8266_RTOS_SDK"},
		"RTOS SDK short":   {short, "header", "ESP8266_RTOS_SDK"},
		"other SDK":        {single, "header", "without the boot loader eboot"},
		"version 2":        {v2, "header", "begins with 0xEA"},
		"nothing at 4096":  {join(good[:4096], make([]byte, 500)), "header", "0x00 instead of 0xE9"},
		"too much code":    {tooBig, "segments", "0x40300020"},
		"eboot's checksum": {flippedCRC(good, 20), "checksum", "checksum of eboot"},
		"eboot's segments": {flippedCRC(good, 13), "header", "do not fit"},
		"app's checksum":   {flippedCRC(good, 4200), "checksum", "the file is damaged"},
		"CRC":              {flipped(good, 2000, 0), "crc", "CRC over"},
		"CRC's length":     {claim(good, uint32(len(good)-16)), "crc", "CRC is for"},
		"CRC's length, up": {claim(good, uint32(len(good)+16)), "truncated", "the CRC in it is for"},
	} {
		i := firmware.Inspect(c.data, firmware.Options{File: name})
		sound(t, c.data, i)
		expect(t, i, firmware.Fail, c.code, c.say)
		if i.Kind != firmware.Application || i.Chip != "ESP8266" || i.Sendable {
			t.Errorf("%s: kind %s, chip %s, sendable %v", name, i.Kind, i.Chip, i.Sendable)
		}
	}
	two := bytes.Clone(good)
	two[2] = 0
	putCRC(two, 4112)
	expect(t, inspect(two), firmware.Warn, "header", "flash mode QIO")
}

// claim writes another length beside the CRC.
func claim(good []byte, length uint32) []byte {
	b := bytes.Clone(good)
	le.PutUint32(b[4112:], length)
	return b
}

// flippedCRC damages a file of core 3 and makes its CRC right again.
func flippedCRC(good []byte, at int) []byte {
	b := flipped(good, at, 6)
	putCRC(b, 4112)
	return b
}

// TestESP32 tries what makes the boot loader refuse an image, and what does not.
func TestESP32(t *testing.T) {
	base := c3(arduino(), tagText)
	with := func(change func(*esp32)) []byte {
		e := base
		e.segments = append([]segment{}, base.segments...)
		change(&e)
		return e.build()
	}
	good := base.build()
	for name, c := range map[string]struct {
		data     []byte
		status   firmware.Status
		code     string
		say      string
		sendable bool
	}{
		"good":              {good, firmware.Pass, "hash", "over the first", true},
		"no hash":           {with(func(e *esp32) { e.noHash = true }), firmware.Warn, "hash", "no SHA-256", true},
		"no descriptor":     {esp32{chip: 5, segments: base.segments[1:]}.build()[:0], firmware.Fail, "empty", "", false},
		"odd segment":       {with(func(e *esp32) { e.segments[2].data = make([]byte, 33) }), firmware.Fail, "segments", "33 bytes", false},
		"out of line":       {with(func(e *esp32) { e.segments[1].address += 0x100 }), firmware.Fail, "segments", "must agree", false},
		"entry nowhere":     {with(func(e *esp32) { e.entry = 0x12345678 }), firmware.Warn, "header", "0x12345678", true},
		"chip not known":    {with(func(e *esp32) { e.chip = 0x55 }), firmware.Warn, "chip-unknown", "85 (0x55)", true},
		"former chip":       {with(func(e *esp32) { e.chip = 14 }), firmware.Warn, "chip-unknown", "ESP32-H2 beta 2", true},
		"chip of two bytes": {with(func(e *esp32) { e.chip = 0x105 }), firmware.Warn, "chip-unknown", "261", true},
		"revision":          {with(func(e *esp32) { e.minRev = 301 }), firmware.Pass, "chip", "v3.1", true},
		"flash mode":        {good2(good, 2, 9), firmware.Warn, "header", "flash mode 0x09", true},
		"checksum":          {flipped(good, 300, 0), firmware.Fail, "checksum", "the file is damaged", false},
		"hash":              {flipped(good, len(good)-1, 0), firmware.Fail, "hash", "the image says", false},
		"hash cut":          {good[:len(good)-7], firmware.Fail, "truncated", "within the SHA-256", false},
		"cut":               {good[:300], firmware.Fail, "truncated", "are missing", false},
		"claims 4 GB":       {join(good[:28], fill(0xFF, 4), good[32:]), firmware.Fail, "truncated", "missing", false},
	} {
		i := firmware.Inspect(c.data, firmware.Options{File: name})
		sound(t, c.data, i)
		expect(t, i, c.status, c.code, c.say)
		if i.Sendable != c.sendable {
			t.Errorf("%s: sendable %v: %v", name, i.Sendable, codes(i))
		}
	}
	if i := inspect(with(func(e *esp32) { e.minRev = 301 })); i.MinChipRevision != "v3.1" {
		t.Errorf("minimum revision %q", i.MinChipRevision)
	}
}

// good2 sets a byte of the header and makes the hash right again.
func good2(good []byte, at int, b byte) []byte {
	return rehash(func(c []byte) { c[at] = b }, good)
}

func rehash(change func([]byte), good []byte) []byte {
	c := bytes.Clone(good[:len(good)-32])
	change(c)
	return append(c, sha(c)...)
}

// TestRAMOnlyHeader: Zephyr and NuttX may count the segments in RAM only, and
// lay those in the flash behind the image.
func TestRAMOnlyHeader(t *testing.T) {
	data := esp32{chip: 5, entry: 0x40380000, noHash: true, segments: []segment{{0x40380000, make([]byte, 64)}}}.build()
	data = le.AppendUint32(data, 0)
	data = append(le.AppendUint32(data, 64), make([]byte, 64)...)
	data = le.AppendUint32(data, 0x42000020)
	data = append(le.AppendUint32(data, 64), append([]byte(tagText), make([]byte, 32)...)...)
	i := inspect(data)
	sound(t, data, i)
	expect(t, i, firmware.Warn, "trailing-bytes", "1 more for the flash")
	if i.Kind != firmware.Application || !i.Publishable || len(i.Segments) != 2 {
		t.Errorf("kind %s: %v", i.Kind, codes(i))
	}
}

// TestEveryChip builds an image for each chip, with what only that chip has.
func TestEveryChip(t *testing.T) {
	for id, c := range map[uint16]struct {
		name    string
		address uint32
		freq    string
	}{
		0: {"ESP32", 0x3F400020, "80MHz"}, 2: {"ESP32-S2", 0x3F000020, "80MHz"}, 5: {"ESP32-C3", 0x3C000020, "80MHz"}, 9: {"ESP32-S3", 0x3C000020, "80MHz"},
		12: {"ESP32-C2", 0x3C000020, "60MHz"}, 13: {"ESP32-C6", 0x42000020, "80MHz"}, 16: {"ESP32-H2", 0x42000020, "48MHz"}, 18: {"ESP32-P4", 0x40000020, "80MHz"},
		20: {"ESP32-C61", 0x42000020, "80MHz"}, 23: {"ESP32-C5", 0x42000020, "80MHz"}, 25: {"ESP32-H21", 0x42000020, "48MHz"}, 28: {"ESP32-H4", 0x42000020, "48MHz"},
		31: {"ESP32-E22", 0x3C000020, "80MHz"}, 32: {"ESP32-S31", 0x40000020, "80MHz"},
	} {
		data := esp32{chip: id, entry: c.address, segments: []segment{{c.address, append(arduino(), tagText+"\x00\x00\x00\x00"...)}}}.build()
		i := inspect(data)
		sound(t, data, i)
		if i.Chip != c.name || !i.Publishable || i.FlashFreq != c.freq || i.FlashSize != "4MB" || i.Family() != firmware.ESP32 {
			t.Errorf("%s: chip %s, %s %s: %v", c.name, i.Chip, i.FlashSize, i.FlashFreq, codes(i))
		}
	}
}
