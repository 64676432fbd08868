package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// processes measures how long it takes until what one process permits gets its
// image from another on the same Postgres.
func (b *bench) processes(ctx context.Context) error {
	one := b.of("Postgres", b.devices)
	if one == nil {
		return nil
	}
	where := ""
	for _, e := range one.env {
		if url, ok := strings.CutPrefix(e, "DATABASE_URL="); ok {
			where = url
		}
	}
	other := b.newServer("Postgres", b.devices, db.Config{URL: where})
	if err := other.start(ctx, "/readyz"); err != nil {
		return err
	}
	defer other.stop()
	var took []float64
	for n := range 4 * b.rounds {
		mac, platform, _ := dbtest.Filled(n * 50) // those are on no whitelist
		since, err := one.permitUntil(ctx, other, board{mac, platform})
		if err != nil {
			return err
		}
		took = append(took, since.Seconds())
	}
	b.table.add(row{what: "a permit in one process until another sends the image", unit: " s", rounds: took, wanted: "≤ 1", good: atMost(1)})
	return nil
}

// permitUntil permits a board and is how long it took until the other process
// offers it the image.
func (c *contender) permitUntil(ctx context.Context, other *contender, board board) (time.Duration, error) {
	began := time.Now()
	resp, err := c.api(ctx, "PUT", "/api/v1/devices/"+board.mac, "application/json", strings.NewReader(`{"platform":"`+board.platform+`"}`))
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated {
		return 0, fmt.Errorf("permitting: %s", resp.Status)
	}
	for time.Since(began) < 10*time.Second {
		if n, err := fetch(other.address, board, nil); err != nil || n > imageSize/2 {
			return time.Since(began), err
		}
	}
	return 0, fmt.Errorf("the other process never offered it")
}
