package release

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"esp-update-server/app/firmware"
	"esp-update-server/app/version"
)

// The bounds of drafts.
const (
	MaxDrafts     = 20 // of one user
	DraftLifetime = 24 * time.Hour
)

// Draft is an uploaded file that was inspected and not published yet.
type Draft struct {
	ID         string
	UserID     string
	Data       []byte
	Platform   string   // as the person gave it; "" when the file says it
	Version    string   // likewise
	Accept     []string // codes of findings that the person confirmed
	Install    bool     // Data is a merged file, to be kept for first installations
	Inspection *firmware.Inspection
	CreatedAt  time.Time
}

// Publication is a release to be made.
type Publication struct {
	Platform   string
	Filesystem string // the type of file system that it is; "" for an application
	Version    version.Version
	Image      Image
	Data       []byte
	Merged     []byte // the merged file that comes with it; nil for none
	By         string // e-mail address of the person
	Draft      string // that it came from; "" for none
	Keep       int    // releases of the platform that are kept, of the file systems of each type likewise
}

// Upload is the draft as if its file had been uploaded again.
func (d *Draft) Upload() *Upload {
	return &Upload{File: d.Inspection.File, Data: d.Data, Platform: d.Platform, Version: d.Version, Accept: d.Accept, Install: d.Install}
}

// Digest is the SHA-256 of the draft's file. That of its inspection is of the
// application inside, when the file is a merged one.
func (d *Draft) Digest() string {
	if !d.Install {
		return d.Inspection.SHA256
	}
	sum := sha256.Sum256(d.Data)
	return hex.EncodeToString(sum[:])
}
