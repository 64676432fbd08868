package firmwaretest

import (
	"bytes"
	"encoding/binary"
)

// Merged is a factory image for the ESP32-C3: a boot loader at 0, a partition
// table at 0x8000 and the application at 0x10000, with 0xFF between them (esptool
// merge_bin, esp-idf gen_esp32part.py).
func Merged(app []byte) []byte {
	extended := make([]byte, 16)
	binary.LittleEndian.PutUint16(extended[4:], ESP32C3)
	out := image(0x403CE000, extended, segment{0x3FCD5820, make([]byte, 64)})
	out = pad(out, 0x8000)
	out = append(out, entry(1, 2, 0x9000, 0x5000, "nvs")...)
	out = append(out, entry(0, 0x10, 0x10000, 0x140000, "app0")...)
	return append(pad(out, 0x10000), app...)
}

func pad(data []byte, size int) []byte {
	return append(data, bytes.Repeat([]byte{0xFF}, size-len(data))...)
}

// entry is one row of a partition table.
func entry(kind, subtype byte, offset, size uint32, label string) []byte {
	e := []byte{0xAA, 0x50, kind, subtype}
	e = binary.LittleEndian.AppendUint32(e, offset)
	e = binary.LittleEndian.AppendUint32(e, size)
	return append(append(e, label...), make([]byte, 32-12-len(label))...)
}
