package firmware

import "fmt"

// The two places where the length and the CRC of the file are kept, in bytes
// from its start (esp8266/Arduino tools/elf2bin.py, add_crc).
const (
	crcSinceCore3  = 4112 // the first eight bytes of the application's flash code
	crcSinceCore27 = 4088 // in the filling behind eboot
)

// isEboot recognises esp8266/Arduino's boot loader by the address that it is
// linked to (bootloaders/eboot/eboot.ld).
func isEboot(b []byte) bool {
	return len(b) >= 12 && b[0] == magic && u32(b, 8) == 0x4010F000
}

// inspectESP8266 judges an image for the ESP8266. Only the form that the
// Arduino cores make can be taken over the air by their update client.
func (i *inspector) inspectESP8266(data []byte, m image) {
	i.Kind, i.Chip = Application, string(ESP8266)
	i.tellHeader(m)
	if m.form == formSingle && isEboot(data) {
		i.ebootAlone(data)
		return
	}
	if m.form == formSingle && m.start == 0 && len(data) <= 0x4000 {
		i.bootloader("an ESP8266 boot loader", "")
	}
	if m.form != formArduino {
		i.otherLayout(m)
	}
	if !m.whole {
		i.truncated(data, m)
		return
	}
	i.tellSegments(m)
	if m.form == formArduino {
		i.checkArduino(data, m)
		return
	}
	computed := m.checksum(data)
	if at := crcSinceCore3 - appOffset; m.form == formBare && m.stored(data) != computed {
		computed = withoutCRC(data[at:at+8], computed, m.stored(data))
	}
	i.checkSum(m.stored(data), computed, "")
}

// withoutCRC is a checksum as it was before elf2bin.py wrote the CRC of a file into
// its first segment, where that is what the file says.
func withoutCRC(crc []byte, computed, stored byte) byte {
	if before := computed ^ xor(crc); before == stored {
		return before
	}
	return computed
}

// ebootAlone is the case of a file that ends within or right behind eboot, or
// has something else where the application should be.
func (i *inspector) ebootAlone(data []byte) {
	if len(data) <= appOffset {
		i.fail("truncated", "Cut off",
			fixAgain,
			"The file ends after %s, before the application, which starts at byte %s: only the boot loader eboot is there.",
			bytesOf(len(data)), thousands(appOffset))
		return
	}
	i.fail("header", "No application behind eboot",
		fixAgain,
		"At byte %s, where the application starts, stands 0x%02X instead of 0xE9.", thousands(appOffset), data[appOffset])
}

// otherLayout refuses the forms that boot with other boot loaders than eboot.
func (i *inspector) otherLayout(m image) {
	if i.Kind != Application {
		return
	}
	const client = "The update client of Arduino boards overwrites the boot loader with it, and the board no longer starts."
	fix := "Build the firmware with the ESP8266 Arduino core, or update these boards with the tool of their own SDK."
	switch m.form {
	case formV2:
		i.fail("header", "Image for another boot loader",
			fix,
			"This is an ESP8266 image that begins with 0xEA, for the boot loader of Espressif's SDK or rboot. %s",
			"Arduino boards only take images that begin with 0xE9.")
	case formRTOS:
		i.fail("header", "ESP8266_RTOS_SDK image", fix, "This is an image of the ESP8266_RTOS_SDK, which its own boot loader starts. %s", client)
	case formBare:
		i.fail("header", "No boot loader in front",
			fixExport,
			"This is an ESP8266 application without the %s of eboot that an update starts with. %s", bytesOf(appOffset), client)
	default:
		i.fail("header", "Other layout",
			fix,
			"This is an ESP8266 image without the boot loader eboot at its start, as Espressif's SDK, MicroPython or NodeMCU make it. %s", client)
	}
}

// checkArduino judges eboot's checksum, which the ROM checks at each start,
// then the application's checksum and the CRC of both together.
func (i *inspector) checkArduino(data []byte, m image) {
	h, _ := readShort(data)
	boot := walk(data[:appOffset], 0, shortHeader, h, esp8266)
	if !boot.whole || !h.countable() {
		i.ChecksumValid = new(bool)
		i.fail("header", "Boot loader damaged", fixAgain, "The segments of eboot, the first %s, do not fit into them.", bytesOf(appOffset))
		return
	}
	if data[2] != data[appOffset+2] || data[3] != data[appOffset+3] {
		i.warn("header", "Two flash settings",
			"Build it again with one flash mode and size.",
			"The boot loader says flash mode %s, size %s; the application says %s, %s.",
			flashMode(data[2]), esp8266.flashSize(data[3]>>4), i.FlashMode, i.FlashSize)
	}
	at := crcPlace(data, m)
	i.checkCRC(data, m, at)
	computed := m.checksum(data)
	if at == crcSinceCore3 && m.stored(data) != computed {
		// elf2bin.py writes the CRC after it has taken the checksum.
		computed ^= xor(data[at : at+8])
	}
	if boot.stored(data) != boot.checksum(data) {
		i.checkSum(boot.stored(data), boot.checksum(data), " of eboot")
		return
	}
	i.checkSum(m.stored(data), computed, "")
}

// crcPlace finds where the file keeps its CRC; 0 when it has none, as before
// core 2.7.0. A core 3 eboot has two segments; the length of the file at the
// place is as good a sign. In core 2.7 the CRC ends the filling behind eboot.
func crcPlace(data []byte, m image) int {
	switch length := int64(u32(data, crcSinceCore3)); {
	case length == int64(m.end) || data[1] == 2 && length != 0:
		return crcSinceCore3
	case !allOf(data[crcSinceCore27:appOffset], data[crcSinceCore27-1]):
		return crcSinceCore27
	}
	return 0
}

func (i *inspector) checkCRC(data []byte, m image, at int) {
	if at == 0 {
		i.pass("crc", "No CRC", "This core does not write a CRC into the file: it is older than 2.7.0.")
		return
	}
	length, stored := int64(u32(data, at)), u32(data, at+4)
	if length > int64(len(data)) && length < maxInflated {
		i.fail("truncated", "Cut off", fixAgain, "The file has %s; the CRC in it is for %s.", bytesOf(len(data)), bytesOf(int(length)))
		return
	}
	if length != int64(m.end) {
		i.fail("crc", "CRC wrong", fixAgain, "The CRC is for %d bytes, but the image has %s: the file is damaged.", length, bytesOf(m.end))
		return
	}
	if got := crcWithout(data[:length], at); got != stored {
		i.fail("crc", "CRC wrong",
			fixAgain,
			"The CRC over %s is 0x%08X, and the file says 0x%08X: the file is damaged.", bytesOf(m.end), got, stored)
		return
	}
	i.pass("crc", "CRC right", "0x%08X over %s, kept at byte %s.", stored, bytesOf(m.end), thousands(at))
}

// checkSum compares the one-byte checksum that each image ends with.
func (i *inspector) checkSum(stored, computed byte, of string) {
	valid := stored == computed
	i.ChecksumValid = &valid
	if valid {
		i.pass("checksum", "Checksum right", "0x%02X over the bytes of all segments.", stored)
		return
	}
	i.fail("checksum", "Checksum wrong", fixAgain, "The checksum%s is 0x%02X, and the file says 0x%02X: the file is damaged.", of, computed, stored)
}

// truncated says how much of an image is missing.
func (i *inspector) truncated(data []byte, m image) {
	i.fail("truncated", "Cut off", fixAgain, "The file ends after %s, but segment %d of %d and the checksum reach to byte %s at least: %s missing.",
		bytesOf(len(data)), min(len(m.segments)+1, m.header.segments), m.header.segments, thousands(m.needs), isAre(m.needs-len(data)))
}

func isAre(n int) string {
	if n == 1 {
		return "1 byte is"
	}
	return fmt.Sprintf("%s are", bytesOf(n))
}
