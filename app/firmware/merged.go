package firmware

import (
	"fmt"
	"strings"

	"esp-update-server/app/fault"
)

const (
	firstTable = 0x1000  // where a partition table may begin in a merged file …
	lastTable  = 0x20000 // … and where at last: behind the largest boot loader
	usualTable = 0x8000  // esp-idf CONFIG_PARTITION_TABLE_OFFSET
)

// bundle is a merged file: a copy of the flash from some address on, with boot
// loader, partition table and applications (esptool merge-bin).
type bundle struct {
	base  int // flash address of the file's first byte
	table int // offset of the partition table in the file
	rows  []partition
}

// findBundle looks for a partition table, behind the first image if there is
// one: inside an application the bytes of a table mean nothing.
func findBundle(data []byte) (bundle, bool) {
	from := firstTable
	if m, ok := parseImage(data, 0); ok && m.whole {
		from = max(from, (m.end+0xFFF)&^0xFFF)
	}
	if isPartitionTable(data) && len(data) > tableSize {
		from = 0
	}
	for at := from; at <= lastTable && at < len(data); at += 0x1000 {
		if isPartitionTable(data[at:]) {
			b := bundle{table: at, rows: readPartitions(data[at:])}
			b.base = b.findBase(data)
			return b, at > 0 || len(b.apps(data)) > 0
		}
	}
	return bundle{}, false
}

// findBase tries the addresses that merged files begin at and takes the first
// that puts an image where the table says there is one.
func (b bundle) findBase(data []byte) int {
	for _, base := range []int{0, 0x1000, 0x2000, usualTable - b.table} {
		if base < 0 {
			continue
		}
		b.base = base
		if len(b.apps(data)) > 0 {
			return base
		}
	}
	return 0
}

// inner is an application in a merged file.
type inner struct {
	partition partition
	room      []byte // from the start of the image to the end of its partition
	image     image
}

// cut is the image and no more.
func (a inner) cut() []byte { return a.room[:a.image.fileLength(a.room)] }

// apps are the applications in the file, in the order of the table.
func (b bundle) apps(data []byte) (found []inner) {
	for _, p := range b.rows {
		at := int64(p.offset) - int64(b.base)
		if p.kind != typeApp || at < 0 || at >= int64(len(data)) {
			continue
		}
		room := data[at:min(int64(len(data)), at+int64(p.size))]
		if m, ok := parseImage(room, 0); ok && m.whole {
			found = append(found, inner{partition: p, room: room, image: m})
		}
	}
	return found
}

// chip is that of the boot loader, which lies at the start of the file or, for
// some chips, 0x1000 or 0x2000 further on; else that of the application.
func (b bundle) chip(data []byte) string {
	for _, at := range []int{0, 0x1000 - b.base, 0x2000 - b.base} {
		if m, ok := parseImage(data, at); ok && m.whole && m.end <= max(b.table, 0x1000) {
			return m.chip.name
		}
	}
	for _, a := range b.apps(data) {
		return a.image.chip.name
	}
	return unknownName
}

// Extract returns the first application inside a merged file, cut to its
// length: what a board can take over the air. It shares memory with data.
func Extract(data []byte) ([]byte, error) {
	if b, ok := findBundle(data); ok {
		for _, a := range b.apps(data) {
			return a.cut(), nil
		}
		return nil, fault.New(fault.Invalid, "There is no application in this merged file: its partition table names %s.", b.names())
	}
	if m, ok := parseImage(data, 0); ok && m.whole && m.form == formArduino && (findFilesystem(data, m.end) != "" || isFlashDump(data, m.end)) {
		return data[:m.end], nil
	}
	return nil, fault.New(fault.Invalid, "This is not a merged file: there is no partition table in it that says where an application lies.")
}

func (b bundle) names() string {
	var names []string
	for _, p := range b.rows {
		names = append(names, p.label)
	}
	const most = 8
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// inspectMerged says what is in a merged file and how to get at the application.
func (i *inspector) inspectMerged(data []byte, b bundle) {
	i.Kind, i.Chip = Merged, b.chip(data)
	what := fmt.Sprintf("This is a merged file for flashing by cable, not an update: a partition table lies at 0x%x (%s)", b.table+b.base, b.names())
	apps := b.apps(data)
	if len(apps) == 0 {
		i.fail("merged", "Merged file", fixExport, "%s, with no whole application in it.", what)
		return
	}
	a := apps[0]
	i.fail("merged", "Merged file", "Use the application inside it, or send that file alone: "+images,
		"%s, with an application for %s of %s in partition %s. A board that took it would overwrite its application with a boot loader.",
		what, a.image.chip.name, bytesOf(len(a.cut())), a.partition.label)
}
