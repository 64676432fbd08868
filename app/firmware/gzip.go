package firmware

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
)

// maxInflated is how much of a gzip is looked at, in bytes. No ESP8266 has room
// for a larger application: its flash cache maps one MiB.
const maxInflated = 2 << 20

// inflated is what is in a gzip file.
type inflated struct {
	data    []byte
	rest    int   // bytes of the file after the gzip member
	tooLong bool  // more than maxInflated bytes
	err     error // damaged, or cut off; data holds what came before
}

func isGzip(b []byte) bool { return len(b) > 2 && b[0] == 0x1F && b[1] == 0x8B && b[2] == 8 }

// inflate unpacks the first gzip member. It reads twice, first to count, so
// that no more memory is taken than the contents need.
func inflate(file []byte) (out inflated) {
	size, rest, err := countInflated(file)
	out.rest, out.err = rest, err
	if size > maxInflated {
		return inflated{tooLong: true}
	}
	out.data = make([]byte, size)
	if zr, err := gzip.NewReader(bytes.NewReader(file)); err == nil {
		zr.Multistream(false)
		n, _ := io.ReadFull(zr, out.data)
		out.data = out.data[:n]
	}
	return out
}

func countInflated(file []byte) (size int64, rest int, err error) {
	from := bytes.NewReader(file)
	zr, err := gzip.NewReader(from)
	if err != nil {
		return 0, 0, err
	}
	zr.Multistream(false)
	size, err = io.Copy(io.Discard, io.LimitReader(zr, maxInflated+1))
	return size, from.Len(), err
}

// inspectGzip lists the findings on the wrapping before those on the contents.
func (i *inspector) inspectGzip(data []byte) {
	z := inflate(data)
	i.Compressed = true
	if z.tooLong {
		i.Kind = Archive
		i.fail("gzip", "Too much in it",
			fixExport,
			"This gzip file unpacks to more than %s, which is more than any application for ESP8266 has.", bytesOf(maxInflated))
		return
	}
	i.InflatedSize = int64(len(z.data))
	i.prefix = sha256.Sum256(z.data[:hashed(z.data)])
	before := len(i.Findings)
	i.inspect(z.data)
	contents := slices.Clone(i.Findings[before:])
	i.Findings = i.Findings[:before]
	switch inside := i.Kind; inside {
	case Unknown, Text, Archive, ELF, UF2, IntelHex, Encrypted:
		i.Kind, i.Chip = Archive, unknownName
		i.fail("archive", "Archive",
			"Unpack it and send the .bin file of the application that is in it.",
			"This is a gzip archive with no application in it (%s, %s).", inside, bytesOf(len(z.data)))
	default:
		i.checkGzip(data, z)
		i.Findings = append(i.Findings, contents...)
	}
}

// checkGzip judges the wrapping of an application for the ESP8266. Its boot
// loader takes the unpacked size from the last four bytes of the file, so that
// nothing may follow the one gzip member (esp8266/Arduino bootloaders/eboot/eboot.c).
func (i *inspector) checkGzip(file []byte, z inflated) {
	end := len(file) - z.rest
	switch {
	case errors.Is(z.err, io.ErrUnexpectedEOF), errors.Is(z.err, io.EOF):
		i.fail("gzip", "Compressed file cut off",
			fixAgain,
			"The gzip file ends in the middle of its data, after %s of contents.", bytesOf(len(z.data)))
	case z.err != nil:
		i.fail("gzip", "Compressed file damaged", fixAgain, "The gzip file is damaged (%s) after %s of contents.", z.err, bytesOf(len(z.data)))
	case isESP8266Signature(file, end):
		i.signedESP8266(file, end)
		i.warn("gzip", "Compressed and signed",
			"Send it only to boards that check signatures; to all others send the compressed file without the signature.",
			"%s unpack to %s, and a signature follows. A board that does not check signatures would take the end of it for the unpacked size and destroy its program.",
			bytesOf(end), bytesOf(len(z.data)))
	case z.rest > 0:
		i.fail("gzip", "Bytes after the compressed data",
			"Compress the application alone, once, with gzip, or send it uncompressed.",
			"%s follow the gzip data. The boot loader of the ESP8266 reads the unpacked size from the end of the file and would go wrong.",
			bytesOf(z.rest))
	case i.Kind == Filesystem:
		i.fail("gzip", "Compressed", "Send the file unpacked (gunzip).", "The file system is compressed with gzip. Boards write it as it comes, and do not unpack it.")
	case i.Kind == Application && i.Chip != string(ESP8266):
		i.fail("gzip", "Compressed",
			"Send the file unpacked (gunzip).",
			"The application is compressed with gzip. Boards with %s cannot unpack it; only those with ESP8266 can.", i.Chip)
	default:
		i.pass("gzip", "Compressed", "%s unpack to %s; the check sum of the gzip is right. Boards keep the flash mode that is in it (%s), and do not put in their own as they do with what is not compressed.",
			bytesOf(len(file)), bytesOf(len(z.data)), i.FlashMode)
	}
}
