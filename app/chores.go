package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/db"
)

// The pace of what is done beside answering.
const (
	tidyEvery  = time.Hour
	countEvery = 3 * time.Second
)

// chores are what is done beside answering, at start and then again and again.
type chores struct {
	store    *db.DB
	checkIns *fleet.Counter
	days     int // of history that are kept
	log      *slog.Logger
	running  sync.WaitGroup
}

// start does them until ctx ends; wait waits for the last.
func (c *chores) start(ctx context.Context) {
	c.every(ctx, tidyEvery, "old history could not be dropped", func(ctx context.Context) error { return c.store.History.Prune(ctx, c.days) })
	c.every(ctx, tidyEvery, "the versions in use could not be noted", c.store.History.SnapshotAdoption)
	c.every(ctx, tidyEvery, "old drafts could not be dropped", c.store.Drafts.DropOld)
	c.every(ctx, tidyEvery, "what was removed could not be let go", c.store.Devices.DropRemovals)
	c.every(ctx, countEvery, "check-ins could not be counted", c.saveCounts)
}

// wait ends when all chores did, and saves the last counts.
func (c *chores) wait() {
	c.running.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := c.saveCounts(ctx); err != nil {
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
		for {
			if err := do(ctx); err != nil && ctx.Err() == nil {
				c.log.Error(failed, "err", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
}
