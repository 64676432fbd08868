package fleet_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"esp-update-server/app/fleet"
)

func TestCounterKeepsWhatIsNotSaved(t *testing.T) {
	var c fleet.Counter
	at := time.Date(2026, 1, 31, 12, 30, 15, 0, time.UTC)
	c.Add(at)
	c.Add(at.Add(20 * time.Second))
	c.Add(at.Add(time.Minute))
	away := errors.New("away")
	if err := c.Save(context.Background(), func(context.Context, time.Time, int64) error { return away }); !errors.Is(err, away) {
		t.Fatal(err)
	}
	if n := c.In(at); n != 2 {
		t.Errorf("%d are left of the first minute", n)
	}
	saved := map[time.Time]int64{}
	if err := c.Save(context.Background(), func(_ context.Context, minute time.Time, n int64) error {
		saved[minute] += n
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if first := at.Truncate(time.Minute); saved[first] != 2 || saved[first.Add(time.Minute)] != 1 || c.In(at) != 0 {
		t.Errorf("%v, %d left", saved, c.In(at))
	}
}
