package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
)

// row is one line of what was found: a figure of each round, and what it should
// be.
type row struct {
	what   string
	unit   string // "" for a ratio
	rounds []float64
	wanted string
	good   func(median float64) bool
	also   string // absolute figures, for orientation
}

type table struct{ rows []row }

func (t *table) add(r row) { t.rows = append(t.rows, r) }

// print writes the table: the median of the rounds with their spread.
func (t *table) print(w io.Writer) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "what\tmedian\tspread\twanted\t\t")
	for _, r := range t.rows {
		m := median(r.rounds)
		verdict := "missed"
		if r.good == nil {
			verdict = ""
		} else if r.good(m) {
			verdict = "reached"
		}
		fmt.Fprintf(out, "%s\t%s\t%s – %s\t%s\t%s\t%s\n", r.what, figure(m, r.unit), figure(slices.Min(r.rounds), ""),
			figure(slices.Max(r.rounds), ""), cmp.Or(r.wanted, "-"), verdict, r.also)
	}
	_ = out.Flush()
}

func figure(f float64, unit string) string {
	if f >= 100 {
		return fmt.Sprintf("%.0f%s", f, unit)
	}
	return fmt.Sprintf("%.2f%s", f, unit)
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

func atLeast(x float64) func(float64) bool { return func(m float64) bool { return m >= x } }

func atMost(x float64) func(float64) bool { return func(m float64) bool { return m <= x } }

// grouped writes 100000 as 100,000.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
