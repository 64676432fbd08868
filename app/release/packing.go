package release

import (
	"context"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
)

// notPacked is the PackedSize of an image that must not be compressed.
const notPacked = -1

// packedSize is how many bytes an image takes compressed, a few more or less by
// the flash mode that is put into it.
func packedSize(data []byte) int64 {
	packed, ok := firmware.Pack(data, firmware.FlashModeDOUT)
	if !ok {
		return notPacked
	}
	return int64(len(packed))
}

// RoomOf is what a device says of its flash.
func RoomOf(r *fleet.Report) Room {
	return Room{Family: r.Family, FreeSpace: r.FreeSpace, ChipSize: r.ChipSize, SketchSize: r.SketchSize, Inflates: r.Inflates}
}

// FitsOnlyPacked reports whether devices can take an image when it is compressed,
// and not as it is.
func (i *Image) FitsOnlyPacked(r Room) bool {
	return pages(i.Size) > r.FreeSpace && i.FitsPacked(r, i.PackedSize)
}

// FitsPacked reports whether devices have room for an image of which so many
// bytes are left when it is compressed, both for these and for what their boot
// loader makes of them. That the image is not built for a larger flash, a board
// checks of plain ones alone.
func (i *Image) FitsPacked(r Room, packed int64) bool {
	if i.Family != firmware.ESP8266 || r.Family != firmware.ESP8266 || !r.Inflates || packed <= 0 {
		return false
	}
	if i.Inspection == nil || r.SketchSize <= 0 || r.ChipSize < max(1, flashBytes(i.Inspection.FlashSize)) {
		return false
	}
	return pages(packed) <= r.FreeSpace && r.unpacks(i.Size, packed)
}

// Overruns reports whether devices would destroy what they run with an image that
// was uploaded compressed, so that they must not get it.
func (i *Image) Overruns(r Room) bool {
	said := r.Family == firmware.ESP8266 && r.SketchSize > 0 && r.FreeSpace > 0
	return said && i.Inspection != nil && i.Inspection.Compressed && !r.unpacks(unpackedSize(i.Inspection), i.Size)
}

// unpackedSize is what a compressed image unpacks to. Of an inspection that does
// not say so yet, it follows from the last segment, which the check sum ends.
func unpackedSize(i *firmware.Inspection) int64 {
	if i.InflatedSize > 0 {
		return i.InflatedSize
	}
	end := 0
	for _, s := range i.Segments {
		end = max(end, s.Offset+s.Size)
	}
	return int64(end+16) &^ 15
}

// unpacks reports whether the boot loader can unpack an image of a size from so
// many packed bytes. These lie right below the file system, and what it makes of
// them grows towards them from the beginning of the flash (eboot.c).
func (r *Room) unpacks(size, packed int64) bool {
	end := pages(r.SketchSize) + r.FreeSpace
	return size <= end-pages(packed)
}

// unmeasured is what measuring needs of the database.
type unmeasured interface {
	// Unmeasured is the SHA-256 of images that are offered to boards with ESP8266
	// and of which it is not known what they take compressed.
	Unmeasured(ctx context.Context) ([]string, error)
	Bytes(ctx context.Context, sha256 string) ([]byte, error)
	SetPackedSize(ctx context.Context, sha256 string, size int64) error
}

// MeasurePacked finds out what offered images take compressed that were published
// when nobody asked.
func MeasurePacked(ctx context.Context, s unmeasured) error {
	list, err := s.Unmeasured(ctx)
	if err != nil {
		return err
	}
	for _, sha256 := range list {
		data, err := s.Bytes(ctx, sha256)
		if err != nil {
			return err
		}
		if err := s.SetPackedSize(ctx, sha256, packedSize(data)); err != nil {
			return err
		}
	}
	return nil
}
