package firmware

import "encoding/binary"

// machines by number in the ELF header (Linux elf.h).
var machines = map[uint16]string{3: "x86", 8: "MIPS", 40: "ARM", 62: "x86-64", 83: "AVR", 94: "Xtensa", 183: "ARM64", 243: "RISC-V"}

// inspectELF says for which processor an ELF file is, and which chip its
// addresses belong to where only one chip has them.
func (i *inspector) inspectELF(data []byte) {
	i.Kind = ELF
	machine := uint16(0)
	if len(data) >= 20 {
		machine = binary.LittleEndian.Uint16(data[18:])
	}
	name := machines[machine]
	if name == "" {
		name = "an unknown processor"
	}
	if machine == 94 {
		i.Chip = xtensaChip(data)
	}
	i.fail("elf", "ELF file",
		"Send the .bin file that is made from it: "+images,
		"This is an ELF file for %s, the linker's result with its debug information, not an image that a board can store.", name)
}

// xtensaChip tells the Xtensa chips apart by where their programs are loaded.
func xtensaChip(data []byte) string {
	at := u32(data, 28)
	for n := 0; n < 32 && len(data) >= 46 && n < int(binary.LittleEndian.Uint16(data[44:])); n++ {
		p := int64(at) + int64(n)*32
		if p+32 > int64(len(data)) {
			break
		}
		if name := xtensaByAddress(u32(data, int(p)+8)); u32(data, int(p)) == 1 && name != "" {
			return name
		}
	}
	return unknownName
}

func xtensaByAddress(a uint32) string {
	switch {
	case a >= 0x40100000 && a < 0x40110000, a >= 0x40200000 && a < 0x40300000:
		return string(ESP8266)
	case a >= 0x3F400000 && a < 0x3F800000, a >= 0x400D0000 && a < 0x40100000:
		return "ESP32"
	case a >= 0x3F000000 && a < 0x3F400000:
		return "ESP32-S2"
	case a >= 0x3C000000 && a < 0x3E000000, a >= 0x42000000 && a < 0x44000000:
		return "ESP32-S3"
	}
	return ""
}
