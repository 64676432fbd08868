package firmware

import (
	"bytes"
	"encoding/hex"
	"math"
	"strings"
	"unicode/utf8"
)

// inspectOther recognises what is certainly no image, by its first bytes.
func (i *inspector) inspectOther(data []byte) bool {
	switch {
	case len(data) == 0:
		i.fail("empty", "Empty", fixAgain, "The file is empty: it has 0 bytes.")
	case bytes.HasPrefix(data, []byte("\x7fELF")):
		i.inspectELF(data)
	case isUF2(data):
		i.inspectUF2(data)
	case isIntelHex(data):
		i.Kind = IntelHex
		i.fail("intel-hex", "Intel HEX",
			fixExport,
			"This is an Intel HEX file, as compilers for AVR and other microcontrollers write it, not an image for ESP8266 or ESP32.")
	case archive(data) != "":
		i.Kind = Archive
		i.fail("archive", "Archive",
			"Unpack it and send the .bin file of the application that is in it.",
			"This is a %s, not firmware.", archive(data))
	case isPartitionTable(data) && len(data) <= 0x1000:
		i.inspectTable(data)
	case data[0] != magic && data[0] != magicV2 && isText(data):
		i.inspectText(data)
	default:
		return false
	}
	return true
}

func (i *inspector) inspectTable(data []byte) {
	i.Kind = PartitionTable
	rows := readPartitions(data)
	i.fail("partition-table", "Partition table",
		fixExport,
		"This is a partition table with %s (%s), not an application.", countOf(len(rows), "row"), bundle{rows: rows}.names())
}

// inspectText tells what kind of text it is: most often an error page that was
// saved in place of the firmware.
func (i *inspector) inspectText(data []byte) {
	i.Kind = Text
	what := textKind(data)
	first, _, _ := bytes.Cut(bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))), []byte("\n"))
	i.fail("text", "Text, not firmware", "A download may have failed and its error message been saved. "+fixExport,
		"This is %s, not firmware: it begins with %q.", what, shown(first))
}

func textKind(data []byte) string {
	head := strings.ToLower(string(bytes.TrimSpace(bytes.TrimPrefix(data[:min(len(data), 512)], []byte("\xef\xbb\xbf")))))
	switch {
	case strings.HasPrefix(head, "<!doctype html"), strings.HasPrefix(head, "<html"), strings.Contains(head, "<html"):
		return "an HTML page"
	case strings.HasPrefix(head, "<"):
		return "an XML or HTML text"
	case strings.HasPrefix(head, "{"), strings.HasPrefix(head, "["):
		return "a JSON text"
	case strings.HasPrefix(head, "version https://git-lfs"):
		return "a Git LFS pointer, which stands for the real file"
	case strings.HasPrefix(head, "s0"), strings.HasPrefix(head, "s1"):
		return "a text, perhaps Motorola S-records"
	}
	return "a text"
}

// isText: no control characters in the first 4 KiB, and UTF-8 or mostly ASCII,
// as older error pages in other encodings are.
func isText(data []byte) bool {
	head := data[:min(len(data), 4096)]
	ascii := 0
	for _, c := range head {
		if c < ' ' && strings.IndexByte("\n\r\t\f\x1b", c) < 0 || c == 0x7F {
			return false
		}
		if c < 0x80 {
			ascii++
		}
	}
	return ascii*10 >= len(head)*9 || validButEnd(head)
}

// validButEnd is UTF-8 that may have been cut within its last character.
func validButEnd(b []byte) bool {
	for cut := 0; cut < utf8.UTFMax && cut < len(b); cut++ {
		if utf8.Valid(b[:len(b)-cut]) {
			return true
		}
	}
	return false
}

// isIntelHex checks the first record: its length, its digits and its checksum.
func isIntelHex(data []byte) bool {
	data = bytes.TrimLeft(data[:min(len(data), 600)], " \r\n\t")
	if len(data) < 11 || data[0] != ':' {
		return false
	}
	var n [1]byte
	if _, err := hex.Decode(n[:], data[1:3]); err != nil || len(data) < 11+2*int(n[0]) {
		return false
	}
	record := make([]byte, 5+int(n[0]))
	if _, err := hex.Decode(record, data[1:11+2*int(n[0])]); err != nil {
		return false
	}
	sum := byte(0)
	for _, b := range record {
		sum += b
	}
	return sum == 0
}

// archives are containers by their first bytes.
var archives = []struct{ magic, name string }{
	{"PK\x03\x04", "ZIP archive"}, {"PK\x05\x06", "ZIP archive"}, {"\xfd7zXZ\x00", "xz archive"}, {"7z\xbc\xaf\x27\x1c", "7-Zip archive"},
	{"Rar!\x1a\x07", "RAR archive"}, {"BZh", "bzip2 archive"}, {"\x28\xb5\x2f\xfd", "Zstandard archive"}, {"\x04\x22\x4d\x18", "LZ4 archive"},
	{"MSCF", "Cabinet archive"}, {"!<arch>\n", "library archive"}, {"\x1f\x8b", "gzip archive"}, {"\x1f\x9d", "compress archive"},
}

func archive(data []byte) string {
	for _, a := range archives {
		if bytes.HasPrefix(data, []byte(a.magic)) {
			return a.name
		}
	}
	if len(data) > 262 && string(data[257:262]) == "ustar" {
		return "tar archive"
	}
	return ""
}

// entropy is in bits per byte: 8 for noise, 6 to 7 for programs.
func entropy(data []byte) (bits float64) {
	var count [256]int
	for _, b := range data {
		count[b]++
	}
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(data))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}
