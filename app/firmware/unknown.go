package firmware

import (
	"bytes"
	"fmt"
)

// inspectUnknown explains bytes in which no image was found.
func (i *inspector) inspectUnknown(data []byte) {
	if data[0] == magic || data[0] == magicV2 {
		i.badHeader(data)
		return
	}
	if fs := filesystem(data); fs != "" {
		i.inspectFilesystem(data, fs)
		return
	}
	if isPartitionTable(data) {
		i.inspectTable(data)
		return
	}
	if what := dataPartition(data); what != "" {
		i.fail("data-partition", "Contents of a data partition", fixExport, "This is %s, not an application.", what)
		return
	}
	if what := encrypted(data); what != "" {
		i.Kind = Encrypted
		i.fail("encrypted", "Encrypted",
			"Send the image from before it was encrypted; boards encrypt their flash themselves. It is: "+images,
			"%s", what)
		return
	}
	if what := otherFormat(data); what != "" {
		i.fail("other-mcu", "For something else", fixExport, "This is %s, not an image for ESP8266 or ESP32.", what)
		return
	}
	i.fail("header", "Not recognised",
		fixExport,
		"This is no firmware for ESP8266 or ESP32: it begins with 0x%02X, and an image begins with 0xE9.", data[0])
}

// badHeader is for bytes that begin like an image and cannot be one.
func (i *inspector) badHeader(data []byte) {
	switch {
	case len(data) < longHeader, isEboot(data) && len(data) < appOffset+shortHeader:
		i.fail("truncated", "Cut off", fixAgain, "The file ends after %s, within the header of an image.", bytesOf(len(data)))
	case isEboot(data):
		i.Kind, i.Chip = Application, string(ESP8266)
		i.fail("header", "Header damaged",
			fixAgain,
			"The header of the application, at byte %s, says %d segments; there are 1 to %d.", thousands(appOffset), data[appOffset+1], maxSegments)
	case data[0] == magicV2:
		i.fail("header", "Header damaged", fixAgain, "The file begins with 0xEA, as some images for ESP8266 do, but no second header follows where the first says.")
	case data[1] == 0 || data[1] > maxSegments:
		i.kindByDescriptor(data)
		i.fail("header", "Header damaged",
			fixAgain,
			"The file begins with 0xE9 as an image does, but its header says %d segments; there are 1 to %d.", data[1], maxSegments)
	default:
		i.kindByDescriptor(data)
		i.fail("header", "Header damaged",
			fixAgain,
			"The file begins with 0xE9 as an image does, but its header is not one: byte 23 says 0x%02X, where an image for ESP32 has 0 or 1.",
			data[23])
	}
}

// kindByDescriptor: a damaged header may still stand before an application.
func (i *inspector) kindByDescriptor(data []byte) {
	if d, ok := readDescriptor(data, descriptorAt); ok {
		i.Kind = Application
		i.describe(d)
	}
}

// encrypted says how a file is encrypted: by Espressif's esp_encrypted_img,
// whose header has a magic number, or else in a way that leaves only noise.
func encrypted(data []byte) string {
	const sample = 64 << 10
	if u32(data, 0) == 0x0788B6CF {
		return "This is an image encrypted with esp_encrypted_img. The update clients of Arduino boards do not decrypt it."
	}
	if bits := entropy(data[:min(len(data), sample)]); len(data) >= 4096 && bits > 7.9 {
		return fmt.Sprintf("This is noise without any header, %.2f bits per byte: "+
			"an image encrypted for the flash of one board, or packed in an unknown way.", bits)
	}
	return ""
}

// otherFormats are files that people mistake for firmware, by their first bytes.
var otherFormats = []struct{ magic, name string }{
	{"\x3d\xb8\xf3\x96", "an image for MCUboot"}, {"\x0c\x94", "a program for an AVR"}, {"\x00\xb5\x32\x4b", "a program for the RP2040"}, {"MZ", "a Windows program"},
	{"BFNP", "an image for a chip of Bouffalo Lab"}, {"\x89PNG", "a PNG picture"}, {"\xff\xd8\xff", "a JPEG picture"},
	{"GIF8", "a GIF picture"}, {"%PDF", "a PDF document"}, {"\x00\x05\x16\x07", "a file of notes that macOS keeps beside another (._name)"},
	{"\xcf\xfa\xed\xfe", "a macOS program"}, {"dex\n", "an Android program"}, {"\xca\xfe\xba\xbe", "a Java or macOS program"},
	{"SQLite format 3", "an SQLite database"}, {"\x27\x05\x19\x56", "an image for U-Boot"}, {"HDR0", "firmware for a router"},
}

func otherFormat(data []byte) string {
	for _, f := range otherFormats {
		if bytes.HasPrefix(data, []byte(f.magic)) {
			return f.name
		}
	}
	stack, reset := u32(data, 0), u32(data, 4)
	if len(data) >= 64 && stack >= 0x10000000 && stack < 0x30080000 && stack%4 == 0 && reset&1 == 1 && reset < 0x20200000 {
		return fmt.Sprintf("a program for an ARM microcontroller such as STM32 (stack at 0x%08X, start at 0x%08X)", stack, reset)
	}
	if len(data) > 512 && data[512] == magic {
		if _, ok := parseImage(data, 512); ok {
			return "an image behind a signature of 512 bytes, as esp32FOTA wants it"
		}
	}
	return ""
}
