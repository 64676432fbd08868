package handlers

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"weak"

	"github.com/maypok86/otter/v2"

	"esp-update-server/app/release"
)

// imageCache keeps the bytes of images in memory, up to a bound, and loads one
// once however many boards ask for it. One that has to go while boards still take
// it is there for all others too, so that a bound smaller than what is offered
// costs no copy for each. What it hands out is shared: it must not be changed.
type imageCache struct {
	cache *otter.Cache[string, *content]
	taken sync.Map // of weak pointers to contents, by their keys
	load  func(ctx context.Context, sha256 string) ([]byte, error)
}

// content is the bytes of an image. Of those that are made here, which no release
// describes, there are the digests too.
type content struct {
	data   []byte
	md5    string
	sha256 string
}

func newImageCache(bound int64, load func(context.Context, string) ([]byte, error)) *imageCache {
	return &imageCache{load: load, cache: otter.Must(&otter.Options[string, *content]{
		MaximumWeight: uint64(max(bound, 1)),
		Weigher:       func(_ string, c *content) uint32 { return uint32(len(c.data)) }, // #nosec G115 -- MAX_FIRMWARE_SIZE ends at 1 GiB
	})}
}

// get is the content of a key, which is made when it is neither kept nor taken
// just now.
func (i *imageCache) get(ctx context.Context, key string, made func(context.Context) (*content, error)) (*content, error) {
	return i.cache.Get(ctx, key, otter.LoaderFunc[string, *content](func(ctx context.Context, _ string) (*content, error) {
		if there, ok := i.taken.Load(key); ok {
			if c := there.(weak.Pointer[content]).Value(); c != nil {
				return c, nil
			}
		}
		c, err := made(ctx)
		if err == nil {
			kept := weak.Make(c)
			i.taken.Store(key, kept)
			runtime.AddCleanup(c, func(key string) { i.taken.CompareAndDelete(key, kept) }, key)
		}
		return c, err
	}))
}

// bytes is the content of the image of a SHA-256.
func (i *imageCache) bytes(ctx context.Context, sha256 string) (*content, error) {
	return i.get(ctx, sha256, func(ctx context.Context) (*content, error) {
		data, err := i.load(ctx, sha256)
		return &content{data: data}, err
	})
}

// preload loads what is offered, the newest first, as far as there is room: so
// boards get it also while the database is away.
func (s *server) preload(offered []release.Release) {
	list := slices.Clone(offered)
	slices.SortFunc(list, func(a, b release.Release) int { return b.PublishedAt.Compare(a.PublishedAt) })
	go func() {
		room := s.ImageCache
		for i := range list {
			for _, image := range list[i].Images {
				if room -= image.Size; room < 0 {
					return
				}
				ctx, cancel := context.WithTimeout(context.Background(), refreshTime)
				_, err := s.images.bytes(ctx, image.SHA256)
				cancel()
				if err != nil {
					s.Log.Warn("an image could not be loaded ahead", "platform", list[i].Platform, "err", err)
				}
			}
		}
	}()
}
