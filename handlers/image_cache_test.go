package handlers

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// TestImagesAreSharedWhileTheyAreTaken holds that boards which take an image that
// has no place in the memory for images share it, and that it goes after them.
func TestImagesAreSharedWhileTheyAreTaken(t *testing.T) {
	t.Parallel()
	var loads atomic.Int64
	images := newImageCache(1, func(context.Context, string) ([]byte, error) {
		loads.Add(1)
		return make([]byte, 1<<20), nil
	})
	get := func() *content {
		t.Helper()
		c, err := images.bytes(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := get()
	images.cache.CleanUp()
	for range 10 {
		if get() != first {
			t.Fatal("it is there twice")
		}
		images.cache.CleanUp()
	}
	if n := loads.Load(); n != 1 {
		t.Errorf("it was loaded %d times", n)
	}
	runtime.KeepAlive(first)
	first = nil
	for late := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		runtime.GC()
		if _, there := images.taken.Load("a"); !there {
			break
		}
		if time.Now().After(late) {
			t.Fatal("it stays after the last board took it")
		}
	}
	if get(); loads.Load() != 2 {
		t.Error("what was let go of is not loaded again")
	}
}

// TestImagesThatCannotBeLoaded holds that the next who asks tries again.
func TestImagesThatCannotBeLoaded(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	images := newImageCache(1<<20, func(context.Context, string) ([]byte, error) { return []byte("x"), away })
	if _, err := images.bytes(t.Context(), "a"); !errors.Is(err, away) {
		t.Error(err)
	}
	away = nil
	if c, err := images.bytes(t.Context(), "a"); err != nil || string(c.data) != "x" {
		t.Error(c, err)
	}
}
