package handlers_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// benchDevices is how many devices there are, unless DEVICES says another number.
const benchDevices = 100_000

// pace is the median that a page of devices may take.
const pace = 50 * time.Millisecond

// overviewPace is the same for the overview, which tells of all devices at once.
const overviewPace = 100 * time.Millisecond

// BenchmarkDevices measures whole requests of the devices page in a large fleet,
// on both engines, and prints the medians.
func BenchmarkDevices(b *testing.B) {
	n := benchDevices
	if s := os.Getenv("DEVICES"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	for engine, config := range map[string]func(testing.TB) db.Config{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			c := config(b)
			d := dbtest.Open(b, c)
			dbtest.Fill(b, c, n)
			app, as := newApp(b, d), signedIn(b, d, account.Admin)
			for _, page := range []struct{ name, path string }{
				{"page", "/devices"},
				{"last page", "/devices?before=end"},
				{"by last seen", "/devices?sort=-last-seen"},
				{"by last seen, last page", "/devices?sort=-last-seen&before=end"},
				{"by version, last page", "/devices?sort=-version&before=end"},
				{"by notes, last page", "/devices?sort=notes&before=end"},
				{"platform", "/devices?platform=door-sensor"},
				{"platform by IP, last page", "/devices?platform=door-sensor&sort=ip&before=end"},
				{"search, many", "/devices?q=room"},
				{"search, few", "/devices?q=room+9999"},
				{"search, MAC", "/devices?q=ab:cd:ef"},
				{"search, none", "/devices?q=nothing+like+it"},
				{"filter behind", "/devices?state=behind"},
				{"filter refused", "/devices?state=refused"},
				{"filter silent", "/devices?state=silent"},
				{"filter waiting", "/devices?state=waiting"},
				{"filter up to date", "/devices?state=up-to-date"},
				{"filter and platform", "/devices?state=behind&platform=garden-pump"},
				{"filter and search", "/devices?state=refused&q=floor+3"},
				{"new", "/new-devices"},
			} {
				timed(b, engine, n, page.name, pace, func() {}, func() *answer {
					return ask(b, app, request{path: page.path, as: as, htmx: true})
				})
			}
			some, err := d.Devices.List(b.Context(), fleet.DeviceQuery{State: fleet.UpToDate, Limit: 1000})
			if err != nil {
				b.Fatal(err)
			}
			asked := 0
			timed(b, engine, n, "overview, while boards ask", overviewPace, func() {
				mac := some[asked%len(some)].MAC.String()
				asked++
				ask(b, app, request{path: "/update?dev=smart-lamp&ver=v1.0.3", header: map[string]string{"x-ESP8266-STA-MAC": mac}})
			}, func() *answer { return ask(b, app, request{path: "/", as: as}) })
		})
	}
}

// timed times a request, before each of which something happens, and prints
// the median beside the limit.
func timed(b *testing.B, engine string, n int, name string, limit time.Duration, before func(), request func() *answer) {
	b.Run(name, func(b *testing.B) {
		var took []time.Duration
		for b.Loop() {
			before()
			start := time.Now()
			if a := request(); a.status != 200 {
				b.Fatal(a.status, a.body)
			}
			took = append(took, time.Since(start))
		}
		slices.Sort(took)
		median := took[len(took)/2]
		b.ReportMetric(float64(median.Microseconds())/1000, "ms/median")
		verdict := "ok"
		if median > limit {
			verdict = "TOO SLOW"
		}
		fmt.Printf("%-9s %7d devices  %-26s %7.1f ms  %s\n", engine, n, name, float64(median.Microseconds())/1000, verdict)
	})
}
