package firmware

import "bytes"

const (
	tableSize     = 0xC00 // esp-idf ESP_PARTITION_TABLE_MAX_LEN
	partitionSize = 32
	typeApp       = 0
)

// partition is one row of a partition table (esp-idf esp_flash_partitions.h,
// esp_partition_info_t).
type partition struct {
	kind, subtype byte
	offset, size  uint32 // in the flash
	label         string
}

// readPartitions reads a table until its end mark; nil when a row makes no
// sense, so that two chance bytes are not taken for a table.
func readPartitions(b []byte) (rows []partition) {
	b = b[:min(len(b), tableSize)]
	for ; len(b) >= partitionSize; b = b[partitionSize:] {
		if b[0] != 0xAA || b[1] != 0x50 {
			if !isTableEnd(b[:partitionSize]) {
				return nil
			}
			return rows
		}
		p := partition{kind: b[2], subtype: b[3], offset: u32(b, 4), size: u32(b, 8)}
		label, _, _ := bytes.Cut(b[12:28], []byte{0})
		if p.label = string(label); !p.sane() {
			return nil
		}
		rows = append(rows, p)
	}
	return rows
}

// sane holds for every row that esp-idf gen_esp32part.py writes.
func (p partition) sane() bool {
	known := p.kind <= 3 || p.kind >= 0x40 && p.kind != 0xFF
	return known && p.offset%0x1000 == 0 && p.size > 0 && p.size <= 1<<30 && p.label == cstring([]byte(p.label))
}

// isTableEnd: a row of FF, or the row with the MD5 of those before it.
func isTableEnd(row []byte) bool {
	return allOf(row, 0xFF) || row[0] == 0xEB && row[1] == 0xEB && allOf(row[2:16], 0xFF)
}

func isPartitionTable(b []byte) bool {
	return len(b) >= partitionSize && b[0] == 0xAA && b[1] == 0x50 && len(readPartitions(b)) > 0
}
