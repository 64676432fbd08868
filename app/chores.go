package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
	"esp-update-server/db"
)

// The pace of what is done beside answering.
const (
	tidyEvery  = time.Hour
	countEvery = 3 * time.Second
	pruneEvery = time.Minute
)

// chores are what is done beside answering, at start and then again and again.
type chores struct {
	store    *db.DB
	hub      *live.Hub
	index    *ota.Index
	writer   *fleet.Writer
	checkIns *fleet.Counter
	days     int // of history that are kept
	activity int // days of it that are kept
	log      *slog.Logger
	running  sync.WaitGroup
	logged   int64 // number of the last change that the log of changes had when it was looked at last
}

// start does them until ctx ends; wait waits for the last.
func (c *chores) start(ctx context.Context) {
	c.running.Go(func() { c.keepIndex(ctx) })
	c.every(ctx, pruneEvery, "the log of changes could not be shortened", c.pruneIndex)
	c.every(ctx, tidyEvery, "old history could not be dropped", func(ctx context.Context) error { return c.store.History.Prune(ctx, c.days) })
	c.every(ctx, tidyEvery, "old activity could not be dropped", func(ctx context.Context) error { return c.store.Activity.Prune(ctx, c.activity) })
	c.every(ctx, tidyEvery, "the versions in use could not be noted", c.store.History.SnapshotAdoption)
	c.every(ctx, tidyEvery, "old drafts could not be dropped", c.store.Drafts.DropOld)
	c.every(ctx, tidyEvery, "what was removed could not be let go", c.store.Devices.DropRemovals)
	c.every(ctx, tidyEvery, "sessions, links and the like that are over could not be dropped", c.store.DropExpired)
	c.every(ctx, tidyEvery, "images could not be measured", func(ctx context.Context) error { return release.MeasurePacked(ctx, c.store.Releases) })
	c.every(ctx, countEvery, "check-ins could not be counted", c.saveCounts)
}

// keepIndex keeps the index of the device route as the database is, and loads it
// first: boards are turned away until then.
func (c *chores) keepIndex(ctx context.Context) {
	l := c.hub.Listen()
	if l == nil {
		return
	}
	defer l.Close()
	c.index.Keep(ctx, func(ctx context.Context) bool {
		open := l.Wait(ctx)
		l.Take()
		return open
	}, c.log)
}

// pruneIndex drops what every process has read by now: it has had a while.
func (c *chores) pruneIndex(ctx context.Context) error {
	upTo := c.logged
	c.logged = c.index.Seq()
	return c.store.Index.Prune(ctx, upTo)
}

// wait ends when all chores did, and saves what is still in memory, as far as that
// can be done by a time.
func (c *chores) wait(until time.Time) {
	c.running.Wait()
	ctx, cancel := context.WithDeadline(context.Background(), until)
	defer cancel()
	err := c.saveCounts(ctx)
	c.writer.Close(ctx)
	if err != nil {
		err = c.saveCounts(ctx) // by now the database may be back
	}
	if err != nil {
		c.log.Error("check-ins could not be counted", "err", err)
	}
}

func (c *chores) saveCounts(ctx context.Context) error {
	return c.checkIns.Save(ctx, c.store.History.CountCheckIns)
}

func (c *chores) every(ctx context.Context, pace time.Duration, failed string, do func(context.Context) error) {
	c.running.Go(func() {
		tick := time.NewTicker(pace)
		defer tick.Stop()
		for told := false; ; {
			err := do(ctx)
			if err != nil && ctx.Err() == nil && !told {
				c.log.Error(failed, "err", err)
			}
			told = err != nil // or an outage would fill the log
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
}
