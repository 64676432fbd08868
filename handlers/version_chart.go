package handlers

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/app/version"
)

// The drawing of the versions that devices run. Lengths are in the units of the
// SVG's own box, which is stretched to the page.
const (
	ownSeries    = 6 // the highest versions have a colour of their own
	versionsWide = 7200
	versionsHigh = 1000 // the height of the chart, and the length of the bar
	widestDay    = 240
)

// versionChart is which versions the devices of a platform run, now and over
// time.
type versionChart struct {
	Series  []versionSeries
	Days    []chartDay
	First   string // day
	Last    string
	Most    int64 // devices on any day
	Width   int64 // of the chart
	Devices int64 // that said a version
	Summary string
}

// versionSeries is one version, or all that are older than those with a colour.
type versionSeries struct {
	Index   int
	Name    string
	Devices int64 // now
	Block   versionBlock
}

// chartDay is one day, a block for each series that devices ran.
type chartDay struct {
	Day    string
	Blocks []versionBlock
	Counts []int64 // of each series
}

// versionBlock is a rectangle of a series.
type versionBlock struct {
	Index      int
	X, Y, W, H int64
}

// newVersionChart draws what devices run now, and ran on the days before.
func newVersionChart(now, past []fleet.Adoption) *versionChart {
	names, index := rankVersions(append(slices.Clone(now), past...))
	v := &versionChart{Series: make([]versionSeries, len(names))}
	for i, name := range names {
		v.Series[i] = versionSeries{Index: i, Name: name}
	}
	for _, a := range now {
		v.Series[index[a.Version]].Devices += a.Devices
		v.Devices += a.Devices
	}
	v.layOutNow()
	v.layOutDays(past, index)
	v.summarize()
	return v
}

// rankVersions gives each version its series: the highest one the first, and
// those beyond the last colour one together.
func rankVersions(all []fleet.Adoption) (names []string, index map[string]int) {
	var versions []string
	for _, a := range all {
		versions = append(versions, a.Version)
	}
	slices.SortFunc(versions, func(a, b string) int {
		if order := version.ParseLenient(b).Compare(version.ParseLenient(a)); order != 0 {
			return order
		}
		return strings.Compare(b, a)
	})
	versions, index = slices.Compact(versions), map[string]int{}
	for i, text := range versions {
		index[text] = min(i, ownSeries)
		switch {
		case i == ownSeries && len(versions) > ownSeries+1:
			names = append(names, "older")
		case i <= ownSeries && text == "":
			names = append(names, "none said")
		case i <= ownSeries:
			names = append(names, text)
		}
	}
	return names, index
}

// Latest is the days, the last one first.
func (v *versionChart) Latest() []chartDay {
	days := slices.Clone(v.Days)
	slices.Reverse(days)
	return days
}

// layOutNow lays the series out beside each other.
func (v *versionChart) layOutNow() {
	x, sum := int64(0), int64(0)
	for i := range v.Series {
		s := &v.Series[i]
		sum += s.Devices
		end := sum * versionsHigh / max(v.Devices, 1)
		s.Block = versionBlock{Index: i, X: x, W: end - x, H: 1}
		x = end
	}
}

// layOutDays lays the days out by the calendar, so that days without a server
// are gaps, and the series of each on top of each other, the lowest version at
// the bottom.
func (v *versionChart) layOutDays(past []fleet.Adoption, index map[string]int) {
	for _, a := range past {
		if n := len(v.Days); n == 0 || v.Days[n-1].Day != a.Day {
			v.Days = append(v.Days, chartDay{Day: a.Day, Counts: make([]int64, len(v.Series))})
		}
		v.Days[len(v.Days)-1].Counts[index[a.Version]] += a.Devices
	}
	if len(v.Days) == 0 {
		return
	}
	v.First, v.Last, v.Width = v.Days[0].Day, v.Days[len(v.Days)-1].Day, versionsWide
	for _, d := range v.Days {
		v.Most = max(v.Most, total(d.Counts))
	}
	first := dayNumber(v.First)
	step := min(widestDay, versionsWide/(dayNumber(v.Last)-first+1))
	for i := range v.Days {
		v.Days[i].stack((dayNumber(v.Days[i].Day)-first)*step, max(step-step/8, 1), max(v.Most, 1))
	}
}

// stack makes the blocks of a day.
func (d *chartDay) stack(x, width, most int64) {
	sum := int64(0)
	for i := len(d.Counts) - 1; i >= 0; i-- {
		if d.Counts[i] == 0 {
			continue
		}
		below := sum * versionsHigh / most
		sum += d.Counts[i]
		above := sum * versionsHigh / most
		d.Blocks = append(d.Blocks, versionBlock{Index: i, X: x, Y: versionsHigh - above, W: width, H: above - below})
	}
}

// dayNumber counts days, from some day on.
func dayNumber(day string) int64 {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0
	}
	return t.Unix() / (24 * 60 * 60)
}

func total(counts []int64) (sum int64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

// summarize says in words what the chart shows.
func (v *versionChart) summarize() {
	if len(v.Days) == 0 {
		return
	}
	first, last := v.Days[0], v.Days[len(v.Days)-1]
	v.Summary = fmt.Sprintf("Devices by version from %s to %s. At first %s; at last %s.", first.Day, last.Day, v.inWords(first), v.inWords(last))
}

func (v *versionChart) inWords(d chartDay) string {
	var parts []string
	for i, n := range d.Counts {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s ran %s", count(n, "device"), v.Series[i].Name))
		}
	}
	return strings.Join(parts, ", ")
}
