package ota

import (
	"context"

	"esp-update-server/app/release"
)

// Offered is the application that a platform offers to whoever asks; nil for nothing, and for no
// such platform.
func (x *Index) Offered(name string) (*release.Release, error) {
	c := x.catalog.Load()
	if c == nil {
		return nil, ErrNotLoaded
	}
	return c.platforms[name].offered, nil
}

// Admits reports whether a manifest key, given by its hash, is one of a platform.
func (x *Index) Admits(name, hash string) (bool, error) {
	c := x.catalog.Load()
	if c == nil {
		return false, ErrNotLoaded
	}
	platform, ok := c.keys[hash]
	return ok && platform == name, nil
}

func (x *Index) readKeys(ctx context.Context) (map[string]string, error) {
	list, err := x.source.ManifestKeys(ctx)
	keys := make(map[string]string, len(list))
	for i := range list {
		keys[list[i].Hash] = list[i].Platform
	}
	return keys, err
}
