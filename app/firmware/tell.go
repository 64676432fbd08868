package firmware

// tellHeader puts the settings in the header into words.
func (i *inspector) tellHeader(m image) {
	i.FlashMode, i.FlashSize, i.FlashFreq = flashMode(m.mode), m.chip.flashSize(m.sizeFreq>>4), m.chip.freq[m.sizeFreq&15]
	if m.segments != nil {
		i.Segments = m.segments
	}
	if i.FlashMode == "" || i.FlashSize == "" || i.FlashFreq == "" || m.chip.name == string(ESP8266) && m.mode > 3 {
		i.warn("header", "Odd flash settings",
			fixAgain,
			"The header has flash mode 0x%02X and flash size and frequency 0x%02X, which %s does not have.", m.mode, m.sizeFreq, m.chip.name)
		return
	}
	if len(m.chip.memory) > 0 && m.chip.region(m.entry) == elsewhere {
		i.warn("header", "Odd entry point", fixAgain, "The program would start at 0x%08X, where %s has no memory for code.", m.entry, m.chip.name)
		return
	}
	i.pass("header", "Header", "Flash mode %s, flash size %s at %s; starts at 0x%08X.", i.FlashMode, i.FlashSize, i.FlashFreq, m.entry)
}

// tellSegments sums the segments up, and checks that those of the ESP8266 stay
// in the one MiB of flash that its cache maps.
func (i *inspector) tellSegments(m image) {
	padding, flash := 0, 0
	for _, s := range m.segments {
		switch {
		case s.Region == unloaded:
			padding += s.Size
		case m.chip.mapped(s.Address):
			flash += s.Size
		}
		if end := uint64(s.Address) + uint64(s.Size); m.chip.name == string(ESP8266) && m.chip.mapped(s.Address) && end > 0x40300000 { // #nosec G115 -- a size is never negative
			i.fail("segments", "Too much code",
				"Make the program smaller; an ESP8266 runs 1,044,464 bytes from its flash at most.",
				"The flash code ends at 0x%08X, behind the end of what the ESP8266 maps, 0x40300000.", end)
			return
		}
	}
	i.pass("segments", "Segments",
		"%s with %s; %s of it stay in the flash, %s are padding.",
		countOf(len(m.segments), "segment"), bytesOf(m.size()), bytesOf(flash), bytesOf(padding))
}
