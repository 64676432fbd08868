package main

import (
	"context"
	"time"
)

// start measures how long the server with the large fleet takes until it answers
// boards, and its memory then.
func (b *bench) start(ctx context.Context) error {
	c := b.of("SQLite", b.many)
	if c == nil {
		return nil
	}
	var took, memory []float64
	for range b.rounds {
		c.stop()
		began := time.Now()
		if err := c.start(ctx, "/readyz"); err != nil {
			return err
		}
		took = append(took, time.Since(began).Seconds())
		memory = append(memory, float64(c.memory())/(1<<20))
	}
	b.table.add(row{what: "from start to ready: " + c.name, unit: " s", rounds: took, wanted: "≤ 6", good: atMost(6)})
	b.table.add(row{what: "memory when ready: " + c.name, unit: " MiB", rounds: memory, wanted: "≤ 450", good: atMost(450)})
	return nil
}
