package firmware

// isUF2 checks the three magic numbers of the first block (microsoft/uf2 README).
func isUF2(b []byte) bool {
	return len(b) >= 512 && u32(b, 0) == 0x0A324655 && u32(b, 4) == 0x9E5D5157 && u32(b, 508) == 0x0AB16F30
}

func (i *inspector) inspectUF2(data []byte) {
	i.Kind = UF2
	what := ""
	if u32(data, 8)&0x2000 != 0 { // the family id is there
		i.Chip = chipByUF2(u32(data, 28))
		what = " for " + i.Chip
		if i.Chip == unknownName {
			what = " for a chip of another maker"
		}
	}
	i.fail("uf2", "UF2 file",
		fixExport,
		"This is a UF2 file%s, %s in blocks for copying to a USB drive, not an image for an update.", what, bytesOf(len(data)))
}
