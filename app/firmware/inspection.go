// Package firmware knows what the files for ESP8266 and ESP32 boards are: it
// inspects bytes, says what they are, whether a board can take them over the
// air, and for which platform and version they were built. It is pure: no I/O,
// nothing but the standard library and package version.
package firmware

// Kind is the sort of file.
type Kind string

// The kinds of files that people drop on an update server.
const (
	Application    Kind = "application"
	Filesystem     Kind = "filesystem"
	Merged         Kind = "merged"
	Bootloader     Kind = "bootloader"
	PartitionTable Kind = "partition-table"
	ELF            Kind = "elf"
	UF2            Kind = "uf2"
	IntelHex       Kind = "intel-hex"
	Archive        Kind = "archive"
	Encrypted      Kind = "encrypted"
	Text           Kind = "text"
	Unknown        Kind = "unknown"
)

// Family is what tells boards that can never run each other's images apart.
type Family string

// The two families; the update clients of each name it in their headers.
const (
	ESP8266 Family = "ESP8266"
	ESP32   Family = "ESP32"
)

// Status is the weight of a finding.
type Status string

// A fail makes a file unfit; a warning is worth a look; a pass was checked.
const (
	Pass Status = "pass"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Finding is one line of the report on a file.
type Finding struct {
	Code   string `json:"code"`   // stable, for programs
	Status Status `json:"status"` // pass, warn or fail
	Title  string `json:"title"`  // a few words
	Detail string `json:"detail"` // what was found, with the numbers
	Fix    string `json:"fix"`    // what to do next; "" for a pass
}

// Segment is one piece of an image that is loaded or mapped to an address.
type Segment struct {
	Address uint32 `json:"address"` // where it goes in the chip's memory
	Offset  int    `json:"offset"`  // of its data in the (inflated) file
	Size    int    `json:"size"`    // in bytes
	Region  string `json:"region"`  // in words, such as "flash code (IROM)"
}

// Signature is the signature that a file carries.
type Signature struct {
	Scheme   string `json:"scheme"`   // such as "ESP8266 RSA", "Secure Boot v2 RSA-3072"
	KeyBits  int    `json:"key_bits"` // 0 when not known
	Verified *bool  `json:"verified"` // null without a public key to try
}

// Inspection is the report on a file. Its JSON form is a contract.
type Inspection struct {
	File          string `json:"file"`
	Size          int64  `json:"size"` // in bytes, of the file as given
	MD5           string `json:"md5"`
	SHA256        string `json:"sha256"`
	Kind          Kind   `json:"kind"`
	Chip          string `json:"chip"` // "ESP8266", "ESP32", "ESP32-S2", … "unknown"
	Compressed    bool   `json:"compressed"`
	InflatedSize  int64  `json:"inflated_size"` // in bytes, of what a compressed file unpacks to; 0 for all else
	Platform      string `json:"platform"`      // folded, "" when not sure
	Version       string `json:"version"`       // "v1.2.3", "" when not sure
	Project       string `json:"project"`
	AppVersion    string `json:"app_version"`
	IDFVersion    string `json:"idf_version"`
	CompiledAt    string `json:"compiled_at"`
	ELFSHA256     string `json:"elf_sha256"`
	SecureVersion uint32 `json:"secure_version"`
	FlashMode     string `json:"flash_mode"`
	FlashSize     string `json:"flash_size"`
	FlashFreq     string `json:"flash_freq"`

	MinChipRevision string `json:"min_chip_revision"` // "v3.1", "" when any will do

	Segments      []Segment  `json:"segments"`
	ChecksumValid *bool      `json:"checksum_valid"`
	HashValid     *bool      `json:"hash_valid"`
	Signature     *Signature `json:"signature"`
	Sendable      bool       `json:"sendable"`
	Publishable   bool       `json:"publishable"`
	Findings      []Finding  `json:"findings"`

	Filesystem *FilesystemImage `json:"filesystem"` // null for all else

	IdentifiedBy string `json:"identified_by"` // what told platform and version both: "tag", "descriptor" or ""

	// What a person may choose from when platform or version are not sure, the
	// likeliest first.
	PlatformCandidates []string `json:"platform_candidates"`
	VersionCandidates  []string `json:"version_candidates"`
}

// Failures are the findings that speak against the file.
func (i *Inspection) Failures() []Finding {
	var out []Finding
	for _, f := range i.Findings {
		if f.Status == Fail {
			out = append(out, f)
		}
	}
	return out
}

// Family tells which boards can run the image.
func (i *Inspection) Family() Family {
	if i.Chip == string(ESP8266) {
		return ESP8266
	}
	return ESP32
}
