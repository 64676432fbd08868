package firmware

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// largestBootloader is more than any second stage boot loader has, in bytes:
// what is larger and has nothing in the flash is a program that runs from RAM.
const largestBootloader = 0x20000

// inspectESP32 judges an image for a chip of the ESP32 family.
func (i *inspector) inspectESP32(data []byte, m image) {
	i.Chip = m.chip.name
	i.Kind = i.kindOfESP32(data, m)
	i.tellHeader(m)
	i.checkChip(m)
	if d, ok := readDescriptor(data, descriptorAt); ok {
		i.describe(d)
	}
	if i.Kind == Bootloader {
		idf, _ := bootloaderVersion(data, 0)
		i.bootloader("a boot loader for "+m.chip.name, idf)
	}
	if !m.whole {
		i.truncated(data, m)
		return
	}
	i.tellSegments(m)
	i.checkSegments(data, m)
	i.checkSum(m.stored(data), m.checksum(data), "")
	i.checkHash(data, m)
}

// kindOfESP32 tells applications from boot loaders, which are images too: an
// application has a descriptor, or code or data that stays in the flash.
func (i *inspector) kindOfESP32(data []byte, m image) Kind {
	if _, ok := readDescriptor(data, descriptorAt); ok || len(flashTail(data, m)) > 0 {
		return Application
	}
	if _, ok := bootloaderVersion(data, 0); ok {
		return Bootloader
	}
	switch {
	case m.inFlash():
		return Application
	case !m.whole:
		return Unknown
	case m.end < largestBootloader && !hasDescriptor(data[:m.end]):
		return Bootloader
	}
	return Unknown
}

// hasDescriptor looks for one anywhere: a program that runs from RAM has it
// where its linker put it. A boot loader has the number at most, to compare with.
func hasDescriptor(b []byte) bool {
	word := binary.LittleEndian.AppendUint32(nil, descriptorMagic)
	for from := 0; ; from++ {
		n := bytes.Index(b[from:], word)
		if n < 0 {
			return false
		}
		if from += n; from+descriptorSize <= len(b) {
			if d, ok := readDescriptor(b, from); ok && d.idf != "" && d.date != "" {
				return true
			}
		}
	}
}

func (i *inspector) bootloader(what, idf string) {
	i.Kind = Bootloader
	if idf != "" {
		i.IDFVersion = idf
		what += ", built with ESP-IDF " + idf
	}
	i.fail("bootloader", "Boot loader",
		fixExport,
		"This is %s, not an application: nothing of it is code that stays in the flash. The files *.bootloader.bin and bootloader.bin are for flashing by cable only.",
		what)
}

// checkChip says which chip the image is for, and which revisions of it.
func (i *inspector) checkChip(m image) {
	i.MinChipRevision = revision(m.minRev)
	if m.chip.name == unknownName {
		former := ""
		if name := formerChips[m.chipID]; name != "" {
			former = ", which was the " + name
		}
		i.warn("chip-unknown", "Chip not known",
			"Make sure that the boards of this platform have the chip that the image was built for.",
			"The image is for chip id %d (0x%02X)%s; this server does not know it. Nobody can tell whether your boards have it.",
			m.chipID, m.chipID, former)
		return
	}
	most := "any later one"
	if m.maxRev != 0 && m.maxRev != 0xFFFF {
		most = revision(m.maxRev)
	}
	i.pass("chip", m.chip.name, "The image is for %s, from chip revision %s to %s.", m.chip.name, cmp.Or(i.MinChipRevision, "v0.0"), most)
}

// revision writes 301 as v3.1; "" for none.
func revision(r uint16) string {
	if r == 0 {
		return ""
	}
	return fmt.Sprintf("v%d.%d", r/100, r%100)
}

// checkSegments applies what the boot loader checks before it starts an
// application (esp-idf bootloader_support/src/esp_image_format.c): whole words,
// and flash data that lies as far into its page as its address does.
func (i *inspector) checkSegments(data []byte, m image) {
	if i.Kind == Bootloader {
		return
	}
	if !m.inFlash() && len(flashTail(data, m)) == 0 {
		i.fail("no-flash-segment", "Nothing stays in the flash",
			fixExport,
			"None of the %d segments lies in the flash of %s: this is a program that runs from RAM only, or an image for another chip.",
			len(m.segments), m.chip.name)
	}
	page := m.pageSize(data)
	for n, s := range m.segments {
		if s.Size%4 != 0 {
			i.fail("segments", "Segment of odd size",
				fixAgain,
				"Segment %d has %s, which is no multiple of 4: the boot loader refuses it.", n+1, bytesOf(s.Size))
			return
		}
		if m.chip.mapped(s.Address) && m.chip.name != unknownName && s.Size > 0 && (uint32(s.Offset)-s.Address)%uint32(page) != 0 { // #nosec G115 -- offsets in a file of at most 1 GiB
			i.fail("segments", "Segment out of line",
				fixAgain,
				"Segment %d lies at byte 0x%x of the file but at address 0x%08X: they must agree in a page of %s, or the boot loader refuses it.",
				n+1, s.Offset, s.Address, bytesOf(page))
			return
		}
	}
}

// pageSize is that of the flash cache. Chips that can choose it have at least
// 8 KiB; the descriptor of newer images says which.
func (m *image) pageSize(data []byte) int {
	if m.chip.fixedPages {
		return 0x10000
	}
	if d, ok := readDescriptor(data, descriptorAt); ok && d.pageSize > 0 {
		return d.pageSize
	}
	return 0x2000
}

// checkHash compares the SHA-256 that follows the checksum.
func (i *inspector) checkHash(data []byte, m image) {
	if m.hash == 0 && hidesHash(data, m) {
		i.fail("header", "Header damaged", fixAgain, "Byte 23 of the header says that no SHA-256 follows the image, but the right one does.")
		return
	}
	if m.hash == 0 {
		i.warn("hash", "No SHA-256",
			"Build it with a current tool, which appends one.",
			"The image has no SHA-256 at its end, so that only an 8-bit checksum guards it.")
		return
	}
	if len(flashTail(data, m)) > 0 {
		return // it covers what follows the image, too, and no boot loader checks it
	}
	valid := false
	i.HashValid = &valid
	if m.length() > len(data) {
		i.fail("truncated", "Cut off",
			fixAgain,
			"The file ends after %s, within the SHA-256 of the image, which needs %s.", bytesOf(len(data)), bytesOf(m.length()))
		return
	}
	stored := data[m.end:m.length()]
	if valid = bytes.Equal(stored, i.prefix[:]); valid {
		i.pass("hash", "SHA-256 right", "%x over the first %s.", stored, bytesOf(m.end))
		return
	}
	i.fail("hash", "SHA-256 wrong",
		fixAgain,
		"The SHA-256 over the first %s is %x…, and the image says %x…: the file is damaged.", bytesOf(m.end), i.prefix[:4], stored[:4])
}

// hidesHash: the image is followed by the hash of what it was before the one
// bit that says so was lost.
func hidesHash(data []byte, m image) bool {
	if len(data) < m.end+hashSize || m.end < longHeader {
		return false
	}
	h := sha256.New()
	h.Write(data[:longHeader-1])
	h.Write([]byte{1})
	h.Write(data[longHeader:m.end])
	return bytes.Equal(h.Sum(nil), data[m.end:m.end+hashSize])
}

// flashTail finds the segments in the flash that follow an image whose header
// counts those in RAM only (esptool elf2image --ram-only-header, used by Zephyr
// and NuttX).
func flashTail(data []byte, m image) (found []Segment) {
	if !m.whole || m.inFlash() {
		return nil
	}
	for at := m.end; at+8 <= len(data) && len(found) < maxSegments; {
		address, size := u32(data, at), int64(u32(data, at+4))
		if size == 0 || int64(at)+8+size > int64(len(data)) || address >= 0x10000000 && !m.chip.mapped(address) {
			break
		}
		if address >= 0x10000000 {
			found = append(found, Segment{Address: address, Offset: at + 8, Size: int(size), Region: m.chip.region(address)})
		}
		at += 8 + int(size)
	}
	return found
}
