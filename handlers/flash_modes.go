package handlers

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"esp-update-server/app/firmware"
)

// maxModes is how many are kept in memory: most boards of a platform run the same.
const maxModes = 1000

// flashModes knows the mode in which the flash of boards runs, by what they run.
type flashModes struct {
	releases releases
	images   *imageCache
	wait     time.Duration // for the database
	kept     *otter.Cache[running, byte]
}

// running is what a board of a platform runs, by its sketch-md5, while platforms
// and releases are in a state of that number.
type running struct {
	platform, md5 string
	catalog       uint32
}

func newFlashModes(r releases, images *imageCache, wait time.Duration) *flashModes {
	return &flashModes{releases: r, images: images, wait: wait, kept: otter.Must(&otter.Options[running, byte]{MaximumSize: maxModes})}
}

// of is the mode that is known, since what the board runs is a release of its
// platform; else the one that all can start in.
func (m *flashModes) of(ctx context.Context, what running) byte {
	ctx, cancel := context.WithTimeout(ctx, m.wait)
	defer cancel()
	mode, err := m.kept.Get(ctx, what, otter.LoaderFunc[running, byte](m.find))
	if err != nil {
		return firmware.FlashModeDOUT
	}
	return mode
}

func (m *flashModes) find(ctx context.Context, what running) (byte, error) {
	sum, err := m.releases.RunBy(ctx, what.platform, what.md5)
	if err != nil || sum == "" {
		return firmware.FlashModeDOUT, err
	}
	image, err := m.images.bytes(ctx, sum)
	if err != nil {
		return 0, err
	}
	if mode, ok := firmware.RunningMode(image.data, what.md5); ok {
		return mode, nil
	}
	return firmware.FlashModeDOUT, nil
}
