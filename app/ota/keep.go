package ota

import (
	"context"
	"log/slog"
	"time"
)

// Keep refreshes the index until ctx ends: when wait, which is told how long at
// most, says that something changed, and every second for what nobody tells of,
// such as a command of the same program. While the database is away the index
// stays as it is.
func (x *Index) Keep(ctx context.Context, wait func(context.Context) (open bool), log *slog.Logger) {
	failed := false
	for ctx.Err() == nil {
		err := x.refreshWithin(ctx, keepTimeout)
		switch {
		case err != nil && !failed && ctx.Err() == nil:
			log.Warn("changes cannot be read from the database just now; boards are answered by what is known", "err", err)
		case err == nil && failed:
			log.Info("changes are read from the database again")
		}
		failed = err != nil
		if !pause(ctx, wait) {
			return
		}
	}
}

// The pace of Keep.
const (
	keepSpacing = 100 * time.Millisecond
	keepEvery   = time.Second
	keepTimeout = time.Minute
)

func (x *Index) refreshWithin(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := x.Refresh(ctx); err != nil {
		return err
	}
	return x.hearOthers(ctx)
}

// pause waits until there may be something to read, and reports whether to go on.
func pause(ctx context.Context, wait func(context.Context) bool) bool {
	select {
	case <-time.After(keepSpacing):
	case <-ctx.Done():
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, keepEvery-keepSpacing)
	defer cancel()
	return wait(ctx)
}
