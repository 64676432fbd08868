package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"esp-update-server/app/fleet"
)

// steady is how many connections are kept, or made one after the other.
const steady = 64

// sample is one turn of a contender.
type sample struct {
	rate float64
	cpu  float64 // seconds of the server's processor time for an answer
	p99  float64 // seconds
}

// turn lets a contender answer and measures it.
func (b *bench) turn(ctx context.Context, c *contender, keep bool, callers int) (sample, error) {
	l := load{
		address: c.address, boards: b.boardsOf(cmp.Or(c.devices, b.devices)), version: newest, keep: keep, callers: callers, until: b.measure, latency: callers > steady,
	}
	before := c.cpu()
	o, err := l.run(ctx)
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w", c.name, err)
	}
	return sample{o.rate(), (c.cpu() - before).Seconds() / float64(o.answers), o.p99().Seconds()}, nil
}

// rounds gives each contender its turn in each round, in an order that changes,
// and returns the samples of each by round. A first round only warms up.
func (b *bench) takeTurns(ctx context.Context, keep bool, callers int) (map[*contender][]sample, error) {
	found := map[*contender][]sample{}
	for round := range b.rounds + 1 {
		in := append([]*contender{b.empty}, b.fleets...)
		rand.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
		for _, c := range in {
			s, err := b.turn(ctx, c, keep, callers)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				found[c] = append(found[c], s)
			}
		}
	}
	return found, nil
}

// ratios are those of two contenders, round by round.
func ratios(of, to []sample, what func(sample) float64) []float64 {
	list := make([]float64, 0, len(of))
	for i := range of {
		if base := what(to[i]); base > 0 {
			list = append(list, what(of[i])/base)
		}
	}
	return list
}

func rateOf(s sample) float64 { return s.rate }
func cpuOf(s sample) float64  { return s.cpu }
func p99Of(s sample) float64  { return s.p99 }

// checks measures what the server answers when there is nothing newer.
func (b *bench) checks(ctx context.Context) error {
	for _, mode := range []struct {
		name   string
		keep   bool
		wanted float64
	}{{"kept connections", true, 0.80}, {"a new connection each", false, 0.92}} {
		found, err := b.takeTurns(ctx, mode.keep, steady)
		if err != nil {
			return err
		}
		empty := found[b.empty]
		for _, c := range b.fleets {
			r := row{what: "checks/s, " + mode.name + ": " + c.name, rounds: ratios(found[c], empty, rateOf), also: perSecond(found[c]) + " of " + perSecond(empty)}
			if c.devices == b.devices {
				r.wanted, r.good = fmt.Sprintf("≥ %.2f", mode.wanted), atLeast(mode.wanted)
			}
			b.table.add(r)
			if mode.keep {
				b.addCPU(c, found[c], empty)
			}
		}
		b.addLoss(found, mode.name)
	}
	return nil
}

func (b *bench) addCPU(c *contender, of, empty []sample) {
	list := ratios(of, empty, cpuOf)
	if len(list) == 0 {
		return
	}
	r := row{what: "processor time per check: " + c.name, rounds: list}
	if c.devices == b.devices {
		r.wanted, r.good = "≤ 1.40", atMost(1.4)
	}
	b.table.add(r)
}

// addLoss sets the large fleet against the small one.
func (b *bench) addLoss(found map[*contender][]sample, mode string) {
	few, many := b.of("SQLite", b.few), b.of("SQLite", b.many)
	if few == nil || many == nil {
		return
	}
	b.table.add(row{what: fmt.Sprintf("checks/s, %s: %s devices against %s", mode, grouped(b.many), grouped(b.few)),
		rounds: ratios(found[many], found[few], rateOf), wanted: "≥ 0.85", good: atLeast(0.85)})
}

// burst measures how long boards wait when many ask at once.
func (b *bench) burst(ctx context.Context) error {
	found, err := b.takeTurns(ctx, false, 500)
	if err != nil {
		return err
	}
	for _, c := range b.fleets {
		r := row{what: "500 boards at once, p99 of the answer: " + c.name, rounds: ratios(found[c], found[b.empty], p99Of)}
		if c.devices == b.devices {
			r.wanted, r.good = "≤ 1.50", atMost(1.5)
		}
		r.also = fmt.Sprintf("%s of %s", milliseconds(found[c]), milliseconds(found[b.empty]))
		b.table.add(r)
	}
	return nil
}

// storm lets every device ask once, as fast as they come, each with another
// version than before: all of it has to be written. What comes after it measures
// a fleet that says nothing new.
func (b *bench) storm(ctx context.Context) error {
	for _, c := range b.fleets {
		if c.devices > fleet.MaxWaiting {
			continue // see know
		}
		say("storm: %s", c.name)
		l := load{address: c.address, boards: b.boardsOf(c.devices), version: newest, callers: 500, latency: true}
		o, err := l.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		ended := time.Now()
		if err := c.drain(ctx); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		took := time.Since(ended)
		b.table.add(row{what: "storm, every device once and each has news: " + c.name, unit: "/s", rounds: []float64{o.rate()},
			also: fmt.Sprintf("p99 %s, all written %s after it", o.p99().Round(time.Millisecond), took.Round(time.Second))})
	}
	return nil
}

// drain waits until nothing waits to be written.
func (c *contender) drain(ctx context.Context) error {
	for {
		n, err := c.waiting(ctx)
		if n == 0 || err != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func perSecond(list []sample) string { return grouped(int(medianOf(list, rateOf))) + "/s" }

func milliseconds(list []sample) string { return fmt.Sprintf("%.0f ms", medianOf(list, p99Of)*1000) }

func medianOf(list []sample, what func(sample) float64) float64 {
	all := make([]float64, len(list))
	for i, s := range list {
		all[i] = what(s)
	}
	return median(all)
}
