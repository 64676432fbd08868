package firmware

import (
	"bytes"
	"slices"

	"esp-update-server/app/fault"
)

// webChips are the chips that ESP Web Tools can write, under the names that it
// compares (esp-web-tools src/const.ts).
var webChips = []string{
	string(ESP8266), string(ESP32), "ESP32-S2", "ESP32-S3", "ESP32-C2", "ESP32-C3", "ESP32-C5", "ESP32-C6", "ESP32-C61", "ESP32-H2", "ESP32-P4",
}

// BootloaderAt is the flash address of the boot loader of a chip, 0 where that is
// not known.
func BootloaderAt(name string) int {
	for _, c := range chips {
		if c.name == name {
			return c.bootloader
		}
	}
	return 0
}

const fixMerge = "Make the merged file again: esptool merge-bin, the .merged.bin of the Arduino IDE, firmware.factory.bin of PlatformIO, idf.py merge-bin."

// Installable tells at which address of the flash a merged file is to be
// written, so that a blank chip starts the application in it; or why that would
// not do.
func Installable(data []byte) (at int64, err error) {
	b, ok := findBundle(data)
	if !ok {
		return 0, notMerged(data)
	}
	if len(b.apps(data)) == 0 {
		return 0, unfit("There is no whole application in this merged file; its partition table names %s. %s", b.names(), fixMerge)
	}
	for _, check := range []func([]byte) error{b.checkWritten, b.checkStart, b.checkBootloader, b.checkRest} {
		if err := check(data); err != nil {
			return 0, err
		}
	}
	return int64(b.base), nil
}

// notMerged says what to do with a file that has no partition table.
func notMerged(data []byte) error {
	if m, ok := parseImage(data, 0); ok && m.whole && m.form == formArduino {
		return unfit("A plain application is all that a blank ESP8266 needs: publish that, and it can be installed over USB as it is.")
	}
	_, err := Extract(data)
	if err == nil {
		err = unfit("There is no partition table in this file.")
	}
	return err
}

func unfit(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }

// checkWritten refuses chips that nothing here can write.
func (b bundle) checkWritten(data []byte) error {
	if name := b.apps(data)[0].image.chip.name; !slices.Contains(webChips, name) {
		return unfit("ESP Web Tools, which installs over USB from the browser, cannot write to this chip (%s). Flash it by esptool.", name)
	}
	return nil
}

// checkStart refuses a file whose application is not where a blank board starts:
// in the first partition for one.
func (b bundle) checkStart(data []byte) error {
	first := b.rows[slices.IndexFunc(b.rows, func(p partition) bool { return p.kind == typeApp })]
	if in := b.apps(data)[0].partition; in != first {
		return unfit("A blank board starts partition %s, which has no whole application; the one in this file lies in %s. %s", first.label, in.label, fixMerge)
	}
	return nil
}

// checkBootloader refuses a file without the boot loader of its chip, where the
// chip looks for it.
func (b bundle) checkBootloader(data []byte) error {
	chip := b.apps(data)[0].image.chip
	m, ok := parseImage(data, chip.bootloader-b.base)
	switch {
	case !ok || m.inFlash():
		return unfit("There is no boot loader for %s at 0x%x of the flash, where the chip looks for it. %s", chip.name, chip.bootloader, fixMerge)
	case m.chip.name != chip.name:
		return unfit("The boot loader in this file is for %s, and its application for %s. %s", m.chip.name, chip.name, fixMerge)
	case !m.whole || m.end > b.table:
		return unfit("The boot loader in this file does not end before the partition table at 0x%x. %s", b.table+b.base, fixMerge)
	case m.checksum(data) != m.stored(data):
		return unfit("The boot loader in this file is damaged: its checksum is wrong. %s", fixMerge)
	}
	return nil
}

// checkRest refuses a file that ends within something which begins in it.
func (b bundle) checkRest(data []byte) error {
	for _, p := range b.rows {
		at := int64(p.offset) - int64(b.base)
		if at < 0 || at >= int64(len(data)) {
			continue
		}
		room := data[at:min(int64(len(data)), at+int64(p.size))]
		m, ok := parseImage(room, 0)
		if p.kind == typeApp && ok && !m.whole || p.kind != typeApp && littleFSSize(room) > int64(len(room)) {
			return unfit("The file is cut off: what begins in partition %s is not whole. %s", p.label, fixMerge)
		}
	}
	return nil
}

// Settings is the partition of a merged file that has stored settings, or "". One
// that a build makes is blank.
func Settings(data []byte) string {
	const typeData, nvs = 1, 2
	b, _ := findBundle(data)
	for _, p := range b.rows {
		at := int64(p.offset) - int64(b.base)
		if p.kind != typeData || p.subtype != nvs || at < 0 || at >= int64(len(data)) {
			continue
		}
		if !allOf(data[at:min(int64(len(data)), at+int64(p.size))], 0xFF) {
			return p.label
		}
	}
	return ""
}

// littleFSSize is how large a LittleFS says that it is, in bytes: its superblock
// has the size and the number of its blocks behind its name (littlefs SPEC.md);
// 0 for what is none of version 2.
func littleFSSize(room []byte) int64 {
	at := bytes.Index(room[:min(len(room), 64)], []byte("littlefs"))
	if at < 0 || u32(room, at+12)>>16 != 2 {
		return 0
	}
	return int64(u32(room, at+16)) * int64(u32(room, at+20))
}
