package firmware

import (
	"crypto/md5" // #nosec G501 -- what boards compare; SHA-256 decides here
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Options tells Inspect what it cannot see in the bytes.
type Options struct {
	File      string    // the name that the file was given
	MaxSize   int64     // in bytes; 0 = no limit
	PublicKey []byte    // PEM, to verify signatures with; optional
	Platforms []string  // known platform names, to find candidates among
	Now       time.Time // to judge the expiry of certificates; zero = only list them
}

// inspector is an inspection on its way.
type inspector struct {
	*Inspection
	o      Options
	prefix [sha256.Size]byte // SHA-256 of the bytes that an ESP32 image's own hash covers
	traces traces
}

// Inspect reports on the bytes of one file. It keeps nothing of data.
func Inspect(data []byte, o Options) *Inspection {
	i := &inspector{o: o, Inspection: &Inspection{
		File: o.File, Size: int64(len(data)), Kind: Unknown, Chip: unknownName,
		Segments: []Segment{}, Findings: []Finding{}, PlatformCandidates: []string{}, VersionCandidates: []string{},
	}}
	i.digest(data)
	i.checkSize()
	if isGzip(data) {
		i.inspectGzip(data)
	} else {
		i.inspect(data)
	}
	i.judge()
	return i.Inspection
}

// digest hashes the file once, and takes the hash of the image in passing.
func (i *inspector) digest(data []byte) {
	sum, sha := md5.Sum(data), sha256.New() // #nosec G401 -- what boards compare; SHA-256 decides here
	cut := hashed(data)
	sha.Write(data[:cut])
	sha.Sum(i.prefix[:0])
	sha.Write(data[cut:])
	i.MD5, i.SHA256 = hex.EncodeToString(sum[:]), hex.EncodeToString(sha.Sum(nil))
}

// hashed is how many bytes of an ESP32 image its own hash covers; 0 for others.
func hashed(data []byte) int {
	if m, ok := parseImage(data, 0); ok && m.whole && m.form == formESP32 {
		return m.end
	}
	return 0
}

func (i *inspector) checkSize() {
	if i.o.MaxSize > 0 && i.Size > i.o.MaxSize {
		i.fail("too-large", "Too large", "Send the application image alone, or raise MAX_FIRMWARE_SIZE.",
			"The file has %s; the limit is %s.", bytesOf(int(i.Size)), bytesOf(int(i.o.MaxSize)))
	}
}

// inspect finds out what the bytes are, the surest signs first: a merged file
// begins like an application and may hold a file system.
func (i *inspector) inspect(data []byte) {
	if i.inspectOther(data) {
		return
	}
	if b, ok := findBundle(data); ok {
		i.inspectMerged(data, b)
		return
	}
	if m, ok := parseImage(data, 0); ok {
		i.inspectImage(data, m)
		return
	}
	i.inspectUnknown(data)
}

func (i *inspector) inspectImage(data []byte, m image) {
	if m.chip.name == string(ESP8266) {
		i.inspectESP8266(data, m)
	} else {
		i.inspectESP32(data, m)
	}
	if m.form != formESP32 && m.form != formArduino {
		return
	}
	if m.whole && i.Kind == Application {
		i.inspectTail(data, m)
	}
	if i.Kind == Application {
		i.identify(data, m)
		body, _ := m.body(data)
		i.inspectContents(body)
	}
}
