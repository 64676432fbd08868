// Package release knows the way from an uploaded file to a release: drafts,
// what speaks against publishing, versions that must rise, and what is offered.
package release

import (
	"slices"
	"strings"
	"time"

	"esp-update-server/app/firmware"
	"esp-update-server/app/version"
)

// Release is one or more images published for a platform under a version.
type Release struct {
	Platform    string
	Filesystem  string // the type of file system that it is; "" for an application
	Version     version.Version
	Images      []Image
	PublishedAt time.Time
	PublishedBy string     // the e-mail address of who did
	WithdrawnAt *time.Time // nil unless a person took it back
	Downloads   int64      // finished ones
	Offered     bool       // whether it is what devices get
}

// Image is what is known of one firmware file; its bytes are kept apart.
type Image struct {
	SHA256     string // lower-case hex, of the file
	MD5        string // lower-case hex, of the file
	Size       int64  // in bytes
	Chip       string // such as "ESP32-C3"
	Family     firmware.Family
	Running    []string // the sketch-md5 values of a board that runs it
	Appended   string   // the sketch-sha256 value of a board that runs it; "" if none
	Inspection *firmware.Inspection
	Merged     *Merged // for its first installation over USB; nil for none

	PackedSize int64 // bytes that it takes compressed; 0 when not known, less when it must not be
}

// Describe takes from the bytes and their inspection what a release keeps.
func Describe(data []byte, i *firmware.Inspection) Image {
	if i.Filesystem != nil {
		return Image{SHA256: i.SHA256, MD5: i.MD5, Size: i.Size, Chip: i.Chip, Inspection: i}
	}
	image := Image{
		SHA256: i.SHA256, MD5: i.MD5, Size: i.Size, Chip: i.Chip, Family: i.Family(),
		Running: firmware.RunningMD5s(data), Appended: firmware.AppendedSHA256(data), Inspection: i,
	}
	if image.Family == firmware.ESP8266 {
		image.PackedSize = packedSize(data)
	}
	return image
}

// Below is the release that is offered once one of a platform's list, the
// highest first, is withdrawn; nil for none.
func Below(list []Release, v version.Version) *Release {
	for n := range list {
		if list[n].WithdrawnAt == nil && list[n].Version.Compare(v) < 0 {
			return &list[n]
		}
	}
	return nil
}

// ImageFor is the image that boards of a family can run, or nil. A board that
// does not tell its family gets the only image, and a file system is for both.
func (r *Release) ImageFor(family firmware.Family) *Image {
	for n := range r.Images {
		if family == "" || r.Images[n].Family == "" || r.Images[n].Family == family {
			return &r.Images[n]
		}
	}
	return nil
}

// RunsOn reports whether a board that says these hashes of its sketch, in lower
// case, runs exactly this image.
func (i *Image) RunsOn(sketchMD5, sketchSHA256 string) bool {
	if sketchMD5 != "" && slices.Contains(i.Running, sketchMD5) {
		return true
	}
	return sketchSHA256 != "" && sketchSHA256 == i.Appended
}

// Filename is the name under which an image of the release is downloaded.
func (r *Release) Filename(i *Image) string {
	name := r.Platform + "_" + r.Version.String()
	if r.Filesystem != "" {
		return name + "." + strings.ToLower(r.Filesystem) + ".bin"
	}
	if len(r.Images) > 1 {
		name += "_" + i.Chip
	}
	if i.Inspection != nil && i.Inspection.Compressed {
		return name + ".bin.gz"
	}
	return name + ".bin"
}

// ShortFilename is the file's name where there is room for few bytes.
func (r *Release) ShortFilename(i *Image) string {
	if name := r.Filename(i); len(name) <= maxShortName {
		return name
	}
	return strings.ToLower(i.Chip) + ".bin"
}

// maxShortName is what AutoConnect, which has 256 bytes for a file's entry, can
// take of a name beside the rest.
const maxShortName = 90
