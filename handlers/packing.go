package handlers

import (
	"context"
	"crypto/md5" // #nosec G501 -- what boards check
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
)

// of is the content that a decision sends, and its digests.
func (i *imageCache) of(ctx context.Context, d *ota.Decision) (c *content, md5, sha256 string, err error) {
	if !d.Packed {
		c, err = i.bytes(ctx, d.Image.SHA256)
		return c, d.Image.MD5, d.Image.SHA256, err
	}
	if c, err = i.packed(ctx, d.Image.SHA256, d.Mode); err != nil {
		return nil, "", "", err
	}
	return c, c.md5, c.sha256, nil
}

// errNotPacked is the error of an image that cannot be compressed.
var errNotPacked = errors.New("this image cannot be compressed for a board")

// packed is an image compressed with a flash mode in it. It is made once however
// many boards ask for it.
func (i *imageCache) packed(ctx context.Context, sum string, mode byte) (*content, error) {
	return i.get(ctx, fmt.Sprintf("%s compressed, mode %d", sum, mode), func(ctx context.Context) (*content, error) {
		plain, err := i.bytes(ctx, sum)
		if err != nil {
			return nil, err
		}
		data, ok := firmware.Pack(plain.data, mode)
		if !ok {
			return nil, errNotPacked
		}
		m, s := md5.Sum(data), sha256.Sum256(data) // #nosec G401 -- what boards check
		return &content{data: data, md5: hex.EncodeToString(m[:]), sha256: hex.EncodeToString(s[:])}, nil
	})
}

// pack makes the compressed image that a board is offered. Where that cannot be
// had, or has no room either with the flash mode of this board in it, the plain
// one is offered.
func (s *server) pack(ctx context.Context, in *fleet.CheckIn, d *ota.Decision) {
	d.Mode = s.modes.of(ctx, running{d.Release.Platform, in.Report.SketchMD5, s.Index.Catalog()})
	made, err := s.images.packed(ctx, d.Image.SHA256, d.Mode)
	if err != nil || !d.Image.FitsPacked(release.RoomOf(&in.Report), int64(len(made.data))) {
		d.Unpack(in)
	}
}
