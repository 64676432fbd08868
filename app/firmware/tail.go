package firmware

import "crypto"

// inspectTail judges what follows a whole image in the file: a signature, a
// filling, or something that nobody asked for. Boards take the image with it,
// and some firmware keeps its settings there, so it is never refused alone.
func (i *inspector) inspectTail(data []byte, m image) {
	from := min(m.length(), len(data))
	tail := data[from:]
	blocks, _ := findSecureBlocks(data, from)
	switch {
	case len(tail) == 0:
	case m.form == formArduino && isESP8266Signature(data, from):
		i.signedESP8266(data, from)
	case m.form == formArduino && findFilesystem(data, from) != "":
		i.flashCopy(from, "a "+findFilesystem(data, from)+" file system")
	case m.form == formArduino && isFlashDump(data, from):
		i.flashCopy(from, "what else was in the flash")
	case m.chip.name == string(ESP8266):
		i.trailing(tail)
	case len(blocks) > 0:
		i.signedV2(blocks)
	case cutSecureBlock(data, from) > 0:
		i.fail("truncated", "Signature cut off", fixAgain, "The file ends within its signature for secure boot: %s missing.", isAre(cutSecureBlock(data, from)))
	case isV1Signature(tail):
		i.signedV1(data, from)
	case !i.signedArduino(data[:from], tail):
		i.trailingESP32(data, m)
	}
}

// flashCopy refuses an application of the ESP8266 with more of the flash behind it.
func (i *inspector) flashCopy(size int, rest string) {
	i.Kind = Merged
	i.fail("merged", "Application and more", "Use the application inside it, or send that alone: "+images,
		"This is a copy of a whole flash: an application of %s and behind it %s. As an update it would not fit.", bytesOf(size), rest)
}

// signedArduino reports whether the tail is a signature of arduino-esp32. One
// that fills all 512 bytes could be anything unless a public key says it is not.
func (i *inspector) signedArduino(image, tail []byte) bool {
	scheme, bits, used := isArduinoSignature(tail)
	if used == 0 {
		return false
	}
	if key, err := parsePublicKey(i.o.PublicKey); used == len(tail) && (err != nil || !verifyArduino(key, image, tail)) {
		return false
	}
	i.Signature = &Signature{Scheme: scheme, KeyBits: bits}
	i.verify(func(key crypto.PublicKey) bool { return verifyArduino(key, image, tail[:used]) })
	return true
}

func (i *inspector) trailingESP32(data []byte, m image) {
	flash := flashTail(data, m)
	if len(flash) == 0 {
		i.trailing(data[m.length():])
		return
	}
	i.Segments = append(append([]Segment{}, i.Segments...), flash...)
	i.warn("trailing-bytes", "Flash code behind the image",
		"Make sure that your boards start such images without a boot loader of ESP-IDF.",
		"The header counts the segments in RAM only; %d more for the flash follow, as Zephyr and NuttX lay them out. No checksum guards them.",
		len(flash))
}

func (i *inspector) trailing(tail []byte) {
	if allOf(tail, 0xFF) || allOf(tail, 0) {
		i.pass("trailing-bytes", "Filled up", "%s of 0x%02X follow the image, to fill it up.", bytesOf(len(tail)), tail[0])
		return
	}
	i.warn("trailing-bytes", "Bytes after the image", "If nothing is appended on purpose, build it again: "+images,
		"%s of something else follow the image. Boards ignore them, unless the firmware reads settings there.", bytesOf(len(tail)))
}

// fileLength is how much of room belongs to the image that it begins with: the
// image, and the signature sector of Secure Boot v2 if there is one.
func (m *image) fileLength(room []byte) int {
	end := min(m.length(), len(room))
	if m.form != formESP32 {
		return end
	}
	if blocks, at := findSecureBlocks(room, end); len(blocks) > 0 && blocks[0].sound {
		return min(at+sectorSize, len(room))
	}
	return end
}
