package dbtest

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"esp-update-server/db"
)

// fillChunk is how many devices one statement adds.
const fillChunk = 500

// fillPlatforms are the platforms of a filled database with their share of the
// devices in per cent.
var fillPlatforms = []struct {
	name  string
	share int
}{{"smart-lamp", 70}, {"door-sensor", 20}, {"garden-pump", 9}, {"weather-mast", 1}}

// Fill adds so many devices to an open database, past the program: one by one
// would take minutes. Of 50 devices 40 are up to date; some are behind, refused,
// silent, waiting and new.
func Fill(t testing.TB, c db.Config, devices int) {
	t.Helper()
	d := open(t, c)
	defer d.Close()
	tx, err := d.BeginTx(context.Background(), nil)
	must(t, err)
	now := db.Now()
	for _, p := range fillPlatforms {
		_, err = tx.Exec(`INSERT INTO platforms (name, created_at, top_version, top_key, offered_key) VALUES ($1, $2, 'v1.0.3', '03', '03')`, p.name, now)
		must(t, err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for first := 0; first < devices; first += fillChunk {
		n := min(fillChunk, devices-first)
		args := make([]any, 0, 15*n)
		for i := first; i < first+n; i++ {
			args = append(args, filled(random, i, now)...)
		}
		_, err = tx.Exec(fillText(n), args...)
		must(t, err)
	}
	must(t, tx.Commit())
	_, err = d.Exec("ANALYZE")
	must(t, err)
	if c.URL != "" { // as its autovacuum does in time
		_, err = d.Exec("VACUUM devices")
		must(t, err)
	}
}

func open(t testing.TB, c db.Config) *sql.DB {
	t.Helper()
	driver, dsn := "postgres", c.URL
	if c.URL == "" {
		driver, dsn = "sqlite", "file:"+filepath.Join(c.Dir, "esp-update-server.db")+"?_time_format=sqlite&_pragma=busy_timeout(5000)"
	}
	d, err := sql.Open(driver, dsn)
	must(t, err)
	return d
}

func fillText(rows int) string {
	var b strings.Builder
	b.WriteString(`INSERT INTO devices (mac, platform, notes, notes_lower, created_at, first_seen, last_seen, version, version_key,
requested_platform, ip, ip_key, answer, reason, user_agent) VALUES `)
	for r := range rows {
		if r > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(")
		for c := range 15 {
			if c > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "$%d", r*15+c+1)
		}
		b.WriteString(")")
	}
	return b.String()
}

// filled is the columns of one device.
func filled(r *rand.Rand, i int, now time.Time) []any {
	at := func(max time.Duration) any { return now.Add(-time.Duration(r.Int64N(int64(max)))) }
	name := fillPlatforms[0].name
	for at, n := 0, i/50%100; at <= n; { // of each 100, as the shares say
		for _, p := range fillPlatforms {
			if name, at = p.name, at+p.share; at > n {
				break
			}
		}
	}
	var platform any = name
	var first, last any = at(300 * 24 * time.Hour), at(6 * 24 * time.Hour)
	version, answer, reason := 3, "no-update", "not-newer"
	switch i % 50 {
	case 0:
		platform, answer, reason = nil, "refusal", "not-whitelisted"
	case 1, 2:
		last = now.Add(-8 * 24 * time.Hour)
	case 3:
		first, last, version, answer, reason = nil, nil, 0, "", ""
	case 4:
		answer, reason = "refusal", "other-family"
	case 5, 6, 7, 8, 9:
		version, answer, reason = 2, "offer", "newer"
	}
	a, b, c := r.IntN(256), r.IntN(256), r.IntN(256)
	mac := fmt.Sprintf("%012x", (int64(i)*2862933555777941757+3037000493)&0xffffffffffff) // each number once, in no order
	notes := fmt.Sprintf("Room %d, floor %d", i, i%9)
	return []any{
		mac, platform, notes, strings.ToLower(notes), now, first, last, fmt.Sprintf("v1.0.%d", version), fmt.Sprintf("%02d", version),
		name, fmt.Sprintf("10.%d.%d.%d", a, b, c), fmt.Sprintf("10a%02x%02x%02x", a, b, c), answer, reason, "ESP8266-http-Update",
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
