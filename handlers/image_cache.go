package handlers

import (
	"context"

	"github.com/maypok86/otter/v2"
)

// imageCache keeps the bytes of images in memory, up to a bound, and loads one
// once however many boards ask for it. What it hands out is shared: it must not
// be changed.
type imageCache struct {
	cache *otter.Cache[string, []byte]
	load  func(ctx context.Context, sha256 string) ([]byte, error)
}

func newImageCache(bound int64, load func(context.Context, string) ([]byte, error)) *imageCache {
	return &imageCache{load: load, cache: otter.Must(&otter.Options[string, []byte]{
		MaximumWeight: uint64(max(bound, 1)),
		Weigher:       func(_ string, data []byte) uint32 { return uint32(len(data)) },
	})}
}

// bytes is the content of the image of a SHA-256.
func (i *imageCache) bytes(ctx context.Context, sha256 string) ([]byte, error) {
	return i.cache.Get(ctx, sha256, otter.LoaderFunc[string, []byte](i.load))
}
