package firmware

import (
	"bytes"
	"encoding/binary"
)

// findFilesystem says which file system begins behind an application, at the
// border of a flash sector; "" when none does.
func findFilesystem(data []byte, from int) string {
	for at := (from + sectorSize - 1) &^ (sectorSize - 1); at < len(data); at += sectorSize {
		if fs := filesystem(data[at:]); fs != "" {
			return fs
		}
	}
	return ""
}

// isFlashDump: a file as large as a flash memory, with something behind the
// application other than a filling, or larger than any application.
func isFlashDump(data []byte, end int) bool {
	const smallest, largestApplication = 512 << 10, 1 << 20 // what the flash cache of the ESP8266 maps
	n := len(data)
	return n >= smallest && n&(n-1) == 0 && (n > largestApplication || !allOf(data[end:], 0xFF))
}

// filesystem names the file system whose image begins with b; "" for none.
func filesystem(b []byte) string {
	switch {
	case isLittleFS(b):
		return LittleFS
	case isSPIFFS(b):
		return SPIFFS
	case isFAT(b), len(b) > wearLevelled && isFAT(b[wearLevelled:]):
		return FAT
	}
	return ""
}

// isLittleFS looks for the name in the superblock, which is kept in the first
// two blocks, either of which may be the newer one (littlefs SPEC.md). Version 1
// has it further on than version 2.
func isLittleFS(b []byte) bool {
	for _, block := range superblocks {
		if block+64 <= len(b) && bytes.Contains(b[block:block+64], []byte("littlefs")) {
			return true
		}
	}
	return false
}

// superblocks are where a LittleFS may have one: in the first block and in the
// second.
var superblocks = []int{0, 0x1000, 0x2000}

// spiffsMagic is the low half of SPIFFS's magic for pages of 256 bytes
// (spiffs_nucleus.h: 0x20140529 ^ page size). It ends the lookup pages of each
// block, alone or combined with the number of blocks that follow.
const spiffsMagic = 0x0429

func isSPIFFS(b []byte) bool {
	for block := 0x1000; block <= 0x10000; block *= 2 {
		if len(b) >= block && spiffsBlocks(b, block) {
			return true
		}
	}
	return false
}

func spiffsBlocks(b []byte, block int) bool {
	lookup := (block/256*2 + 255) &^ 255 // two bytes for each page, in whole pages
	blocks := len(b) / block
	plain, counted := blocks > 1, blocks > 1
	for n := range min(blocks, 8) {
		v := binary.LittleEndian.Uint16(b[n*block+lookup-4:])
		plain = plain && v == spiffsMagic
		counted = counted && v == spiffsMagic^uint16(blocks-n) // #nosec G115 -- SPIFFS itself keeps the lower half
	}
	return plain || counted
}

// wearLevelled is where a FAT begins that has wear levelling, as ffat has.
const wearLevelled = 0x1000

// isFAT checks the signature and the name of the type in the boot sector.
func isFAT(b []byte) bool {
	if len(b) < 512 || b[510] != 0x55 || b[511] != 0xAA {
		return false
	}
	return string(b[54:57]) == "FAT" || string(b[82:85]) == "FAT" || string(b[3:8]) == "MSDOS"
}

// dataPartition names other contents of a partition that are no program.
func dataPartition(b []byte) string {
	switch first := u32(b, 0); {
	case len(b) < 32:
		return ""
	case isOTAData(b):
		return "the choice of the partition to boot (otadata, such as boot_app0.bin)"
	case len(b)%0x1000 == 0 && isNVSPage(b, first):
		return "stored settings (an NVS partition)"
	case string(b[:7]) == "PHYINIT":
		return "radio calibration data"
	case allOf(b, 0xFF):
		return "erased flash: nothing but FF"
	}
	return ""
}

// isOTAData: two sectors of one record each (esp-idf esp_ota_select_entry_t).
func isOTAData(b []byte) bool {
	return len(b) == 0x2000 && (u32(b, 0) < 0x10000 && u32(b, 0) > 0 || u32(b, 0x1000) == 1) && allOf(b[32:0x1000], 0xFF)
}

// isNVSPage reads the state of the first page and its version (esp-idf nvs_page.hpp).
func isNVSPage(b []byte, state uint32) bool {
	known := state == 0xFFFFFFFE || state == 0xFFFFFFFC || state == 0xFFFFFFF8
	return known && (b[8] == 0xFE || b[8] == 0xFF) && allOf(b[9:28], 0xFF)
}
