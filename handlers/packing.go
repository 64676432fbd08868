package handlers

import (
	"context"
	"crypto/md5" // #nosec G501 -- what boards check
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/maypok86/otter/v2"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
)

// modeTimeout bounds how long a board waits until its flash mode is looked up.
const modeTimeout = time.Second

// of is the bytes that a decision sends, with their digests.
func (i *imageCache) of(ctx context.Context, d *ota.Decision) (content, error) {
	if d.Packed {
		return i.packed(ctx, d.Image.SHA256, d.Mode)
	}
	data, err := i.bytes(ctx, d.Image.SHA256)
	return content{data: data, md5: d.Image.MD5, sha256: d.Image.SHA256}, err
}

// errNotPacked is the error of an image that cannot be compressed.
var errNotPacked = errors.New("this image cannot be compressed for a board")

// packed is an image compressed with a flash mode in it. It is made once however
// many boards ask for it.
func (i *imageCache) packed(ctx context.Context, sum string, mode byte) (content, error) {
	key := fmt.Sprintf("%s compressed, mode %d", sum, mode)
	return i.cache.Get(ctx, key, otter.LoaderFunc[string, content](func(ctx context.Context, _ string) (content, error) {
		plain, err := i.bytes(ctx, sum)
		if err != nil {
			return content{}, err
		}
		data, ok := firmware.Pack(plain, mode)
		if !ok {
			return content{}, errNotPacked
		}
		m, s := md5.Sum(data), sha256.Sum256(data) // #nosec G401 -- what boards check
		return content{data: data, md5: hex.EncodeToString(m[:]), sha256: hex.EncodeToString(s[:])}, nil
	}))
}

// pack makes the compressed image that a board is offered. Where that cannot be
// had, or has no room either with the flash mode of this board in it, the plain
// one is offered.
func (s *server) pack(ctx context.Context, in *fleet.CheckIn, d *ota.Decision) {
	d.Mode = s.flashMode(ctx, d.Release.Platform, in.Report.SketchMD5)
	made, err := s.images.of(ctx, d)
	if err != nil || !d.Image.FitsPacked(release.RoomOf(&in.Report), int64(len(made.data))) {
		d.Unpack(in)
	}
}

// flashMode is the mode that the flash of a board is known to run in, since what
// it runs is a release of its platform; else the one that all can start in.
func (s *server) flashMode(ctx context.Context, platform, sketchMD5 string) byte {
	ctx, cancel := context.WithTimeout(ctx, modeTimeout)
	defer cancel()
	sum, err := s.Releases.RunBy(ctx, platform, sketchMD5)
	if err != nil || sum == "" {
		return firmware.FlashModeDOUT
	}
	data, err := s.images.bytes(ctx, sum)
	if err != nil {
		return firmware.FlashModeDOUT
	}
	if mode, ok := firmware.RunningMode(data, sketchMD5); ok {
		return mode
	}
	return firmware.FlashModeDOUT
}
