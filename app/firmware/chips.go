package firmware

import "strconv"

// window is a range of a chip's address space and what lies there, in words.
type window struct {
	from, to uint32 // to is the first address after it
	name     string
}

func (w window) contains(address uint32) bool { return address >= w.from && address < w.to }

// chip is what the format rules need to know of one chip of the ESP32 family.
// Ids are those of esp-idf esp_app_format.h (esp_chip_id_t), flash windows and
// memories those of esp-idf soc/*/include/soc/soc.h, boot loader offsets those
// of esp-idf Kconfig, UF2 families those of microsoft/uf2 uf2families.json.
type chip struct {
	id         uint16
	name       string
	bootloader int    // where its boot loader lies in the flash
	uf2        uint32 // family id in UF2 files; 0 = none
	fixedPages bool   // its flash is always mapped in pages of 64 KiB
	freq       map[byte]string
	flash      []window
	memory     []window
}

const (
	flashCode = "flash code (IROM)"
	flashData = "flash data (DROM)"
	flashBoth = "flash (code and data)"
	ramCode   = "RAM for code (IRAM)"
	ramData   = "RAM for data (DRAM)"
	ram       = "RAM"
	rtc       = "RTC memory"
	unloaded  = "padding, not loaded"
	elsewhere = "other memory"
)

// The meaning of the low nibble of header byte 3 (esptool targets/*.py).
var (
	freq80 = map[byte]string{0: "40MHz", 1: "26MHz", 2: "20MHz", 15: "80MHz"}
	freq60 = map[byte]string{0: "30MHz", 1: "20MHz", 2: "15MHz", 15: "60MHz"}
	freq48 = map[byte]string{0: "24MHz", 1: "16MHz", 2: "12MHz", 15: "48MHz"}
	freqC6 = map[byte]string{0: "80MHz", 2: "20MHz", 15: "80MHz"}
)

var chips = []chip{
	{id: 0x00, name: "ESP32", bootloader: 0x1000, uf2: 0x1C5F21B0, fixedPages: true, freq: freq80,
		flash: []window{{0x400D0000, 0x40400000, flashCode}, {0x3F400000, 0x3F800000, flashData}},
		memory: []window{{0x40078000, 0x400AA000, ramCode}, {0x3FFAE000, 0x40000000, ramData},
			{0x400C0000, 0x400C2000, rtc}, {0x3FF80000, 0x3FF82000, rtc}, {0x50000000, 0x50002000, rtc}}},
	{id: 0x02, name: "ESP32-S2", bootloader: 0x1000, uf2: 0xBFDD4EEE, fixedPages: true, freq: freq80,
		flash: []window{{0x40080000, 0x40800000, flashCode}, {0x3F000000, 0x3FF80000, flashData}},
		memory: []window{{0x40020000, 0x40070000, ramCode}, {0x3FFB0000, 0x40000000, ramData},
			{0x40070000, 0x40072000, rtc}, {0x3FF9E000, 0x3FFA0000, rtc}, {0x50000000, 0x50002000, rtc}}},
	{id: 0x05, name: "ESP32-C3", uf2: 0xD42BA06C, fixedPages: true, freq: freq80,
		flash:  []window{{0x42000000, 0x42800000, flashCode}, {0x3C000000, 0x3C800000, flashData}},
		memory: []window{{0x4037C000, 0x403E0000, ramCode}, {0x3FC80000, 0x3FCE0000, ramData}, {0x50000000, 0x50002000, rtc}}},
	{id: 0x09, name: "ESP32-S3", uf2: 0xC47E5767, fixedPages: true, freq: freq80,
		flash: []window{{0x42000000, 0x44000000, flashCode}, {0x3C000000, 0x3E000000, flashData}},
		memory: []window{{0x40370000, 0x403E0000, ramCode}, {0x3FC88000, 0x3FD00000, ramData},
			{0x600FE000, 0x60100000, rtc}, {0x50000000, 0x50002000, rtc}}},
	{id: 0x0C, name: "ESP32-C2", uf2: 0x2B88D29C, freq: freq60,
		flash:  []window{{0x42000000, 0x42400000, flashCode}, {0x3C000000, 0x3C400000, flashData}},
		memory: []window{{0x4037C000, 0x403C0000, ramCode}, {0x3FCA0000, 0x3FCE0000, ramData}}},
	{id: 0x0D, name: "ESP32-C6", uf2: 0x540DDF62, freq: freqC6,
		flash:  []window{{0x42000000, 0x43000000, flashBoth}},
		memory: []window{{0x40800000, 0x40880000, ram}, {0x50000000, 0x50004000, rtc}}},
	{id: 0x10, name: "ESP32-H2", uf2: 0x332726F6, freq: freq48,
		flash:  []window{{0x42000000, 0x43000000, flashBoth}},
		memory: []window{{0x40800000, 0x40850000, ram}, {0x50000000, 0x50001000, rtc}}},
	{id: 0x12, name: "ESP32-P4", bootloader: 0x2000, uf2: 0x3D308E94, freq: freq80,
		flash: []window{{0x40000000, 0x44000000, flashBoth}},
		memory: []window{{0x4FF00000, 0x4FFC0000, ram}, {0x30100000, 0x30102000, "tightly coupled memory"},
			{0x48000000, 0x4C000000, "external RAM"}, {0x50108000, 0x50110000, rtc}}},
	{id: 0x14, name: "ESP32-C61", uf2: 0x77D850C4, freq: freq80,
		flash:  []window{{0x42000000, 0x44000000, flashBoth}},
		memory: []window{{0x40800000, 0x40860000, ram}, {0x50000000, 0x50004000, rtc}}},
	{id: 0x17, name: "ESP32-C5", bootloader: 0x2000, uf2: 0xF71C0343, freq: freq80,
		flash:  []window{{0x42000000, 0x44000000, flashBoth}},
		memory: []window{{0x40800000, 0x40860000, ram}, {0x50000000, 0x50004000, rtc}}},
	{id: 0x19, name: "ESP32-H21", uf2: 0xB6DD00AF, freq: freq48, flash: []window{{0x42000000, 0x43000000, flashBoth}}},
	{id: 0x1C, name: "ESP32-H4", bootloader: 0x2000, uf2: 0x9E0BAA8A, freq: freq48, flash: []window{{0x42000000, 0x44000000, flashBoth}}},
	{id: 0x1F, name: "ESP32-E22", freq: freq80, flash: []window{{0x3C000000, 0x40000000, flashBoth}}},
	{id: 0x20, name: "ESP32-S31", bootloader: 0x2000, uf2: 0x3101F7C1, freq: freq80, flash: []window{{0x40000000, 0x44000000, flashBoth}}},
}

// formerChips had an id in esp-idf for a while; no current tool knows them.
var formerChips = map[uint16]string{
	4: "ESP32-S3 beta 2", 6: "ESP32-S3 beta 3", 7: "ESP32-C6 beta", 10: "ESP32-H2 beta 1", 14: "ESP32-H2 beta 2", 17: "ESP32-C5 beta 3",
}

// esp8266 has no id. Windows: esp8266/Arduino tools/sdk/ld/eagle.app.v6.common.ld.h.
var esp8266 = chip{
	name: string(ESP8266), uf2: 0x7EAB61ED, freq: freq80,
	flash:  []window{{0x40200000, 0x40300000, flashCode}},
	memory: []window{{0x40100000, 0x4010F000, ramCode}, {0x4010F000, 0x40110000, "RAM of the boot loader"}, {0x3FFE8000, 0x40000000, ramData}},
}

// unknownChip stands for ids that are in no table: any flash window will do.
var unknownChip = chip{
	name: unknownName, freq: freq80,
	flash: []window{{0x3C000000, 0x3F800000, flashBoth}, {0x40000000, 0x44800000, flashBoth}},
}

const unknownName = "unknown"

func chipByID(id uint16) (chip, bool) {
	for _, c := range chips {
		if c.id == id {
			return c, true
		}
	}
	return unknownChip, false
}

func chipByUF2(family uint32) string {
	for _, c := range append([]chip{esp8266}, chips...) {
		if c.uf2 == family && family != 0 {
			return c.name
		}
	}
	return unknownName
}

// region says in words what lies at an address of the chip. Addresses below
// 0x10000000 are no memory: esptool fills gaps with such segments.
func (c chip) region(address uint32) string {
	if address < 0x10000000 {
		return unloaded
	}
	for _, list := range [][]window{c.flash, c.memory} {
		for _, w := range list {
			if w.contains(address) {
				return w.name
			}
		}
	}
	return elsewhere
}

// mapped reports whether an address is seen through the flash cache.
func (c chip) mapped(address uint32) bool {
	for _, w := range c.flash {
		if w.contains(address) {
			return true
		}
	}
	return false
}

// flashModes is header byte 2 (esp-idf esp_image_spi_mode_t).
var flashModes = []string{"QIO", "QOUT", "DIO", "DOUT", "FAST_READ", "SLOW_READ"}

func flashMode(b byte) string {
	if int(b) < len(flashModes) {
		return flashModes[b]
	}
	return ""
}

// esp8266Sizes is the high nibble of header byte 3 (esptool targets/esp8266.py).
var esp8266Sizes = map[byte]string{0: "512KB", 1: "256KB", 2: "1MB", 3: "2MB", 4: "4MB", 5: "2MB-c1", 6: "4MB-c1", 8: "8MB", 9: "16MB"}

// flashSize reads the same nibble for a chip; "" when it means nothing.
func (c chip) flashSize(nibble byte) string {
	if c.name == string(ESP8266) {
		return esp8266Sizes[nibble]
	}
	if nibble > 7 {
		return ""
	}
	return strconv.Itoa(1<<nibble) + "MB"
}
