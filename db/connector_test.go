package db_test

import (
	"sync/atomic"
	"testing"
	"time"

	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestNobodyHoldsUpTheOthers holds that a process which hangs in the middle of a
// change on Postgres loses it, so that others can make theirs.
func TestNobodyHoldsUpTheOthers(t *testing.T) {
	t.Parallel()
	c := dbtest.Postgres(t)
	frozen, d := dbtest.Open(t, c), dbtest.Open(t, c)
	end, err := frozen.Hang(ctx)
	must(t, err)
	began := time.Now()
	if err := d.Platforms.Create(ctx, "lamp", ""); err != nil {
		t.Errorf("after %v: %v, away is %v", time.Since(began), err, db.IsAway(err))
	}
	if err := end(); !db.IsAway(err) {
		t.Errorf("the change that hung ended with %v", err)
	}
}

// TestWhoWaitsTooLongHears holds that a change which waits for one that takes long
// is not made, and that this is told as a database that is away, in time.
func TestWhoWaitsTooLongHears(t *testing.T) {
	t.Parallel()
	c := dbtest.Postgres(t)
	busy, d := dbtest.Open(t, c), dbtest.Open(t, c)
	begun, ended := make(chan struct{}), make(chan error)
	var heard atomic.Bool
	late := time.AfterFunc(time.Minute, func() { heard.Store(true) }) // who hears nothing changes it then
	defer late.Stop()
	go func() { ended <- busy.Toil(ctx, func() { close(begun) }, heard.Load) }()
	<-begun
	err := d.Platforms.Create(ctx, "lamp", "")
	heard.Store(true)
	if !db.IsAway(err) {
		t.Errorf("%v", err)
	}
	must(t, <-ended)
	must(t, d.Platforms.Create(ctx, "lamp", ""))
}
