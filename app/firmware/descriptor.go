package firmware

import (
	"bytes"
	"encoding/hex"
	"strings"
)

const (
	descriptorAt    = 0x20       // offset of either descriptor in an image
	descriptorSize  = 256        // of an application's
	descriptorMagic = 0xABCD5432 // esp-idf esp_app_desc.h, ESP_APP_DESC_MAGIC_WORD
	bootloaderMagic = 0x50       // esp-idf esp_bootloader_desc.h, ESP_BOOTLOADER_DESC_MAGIC_BYTE
)

// descriptor is what ESP-IDF writes at the start of an application's first
// segment (esp-idf esp_app_desc.h, esp_app_desc_t).
type descriptor struct {
	secureVersion uint32
	version       string
	project       string
	time, date    string
	idf           string // the framework's version, never the application's
	elf           string // SHA-256 of the ELF file, lower-case hex, "" if none
	pageSize      int    // of the flash cache, in bytes; 0 when not said
}

func readDescriptor(data []byte, at int) (d descriptor, ok bool) {
	if at < 0 || at+descriptorSize > len(data) || u32(data, at) != descriptorMagic {
		return d, false
	}
	b := data[at : at+descriptorSize]
	d = descriptor{
		secureVersion: u32(b, 4), version: cstring(b[16:48]), project: cstring(b[48:80]),
		time: cstring(b[80:96]), date: cstring(b[96:112]), idf: cstring(b[112:144]),
	}
	if elf := b[144:176]; !allOf(elf, 0) {
		d.elf = hex.EncodeToString(elf)
	}
	if p := b[180]; p >= 12 && p <= 18 { // a power of two; 0 in older images
		d.pageSize = 1 << p
	}
	return d, true
}

// cstring reads a text that is padded with NULs; what cannot be shown is left out.
func cstring(b []byte) string {
	if n := bytes.IndexByte(b, 0); n >= 0 {
		b = b[:n]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, string(b))
}

func allOf(b []byte, x byte) bool {
	for _, c := range b {
		if c != x {
			return false
		}
	}
	return true
}

// frameworkProjects are names that a framework gives to every application
// built with it; their descriptor says nothing of the user's firmware.
var frameworkProjects = map[string]bool{
	"": true, "arduino-lib-builder": true, "esp32-arduino-lib-builder": true, "esp-idf": true, "libespidf": true,
	"micropython": true, "circuitpython": true, "espruino": true, "main": true,
}

// own reports whether the descriptor names the user's project, rather than the
// framework that it was built with.
func (d descriptor) own() bool {
	return !frameworkProjects[strings.ToLower(d.project)] && !strings.HasPrefix(d.version, "esp-idf:")
}

func (i *inspector) describe(d descriptor) {
	i.Project, i.AppVersion, i.IDFVersion = d.project, d.version, d.idf
	i.ELFSHA256, i.SecureVersion = d.elf, d.secureVersion
	i.CompiledAt = strings.TrimSpace(d.date + " " + d.time)
	i.pass("descriptor", "Application descriptor",
		"Project %q, version %q, built with ESP-IDF %q%s.", d.project, d.version, d.idf, prefixed(" on ", i.CompiledAt))
}

// prefixed is empty when s is.
func prefixed(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}

// bootloaderVersion reads the descriptor that boot loaders have since ESP-IDF
// 5.2 (esp-idf esp_bootloader_desc.h, esp_bootloader_desc_t).
func bootloaderVersion(data []byte, start int) (idf string, ok bool) {
	at := start + descriptorAt
	if at+80 > len(data) || data[at] != bootloaderMagic || data[at+1] != 0 || data[at+2] != 0 {
		return "", false
	}
	return cstring(data[at+8 : at+40]), true
}
