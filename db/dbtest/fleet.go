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
const fillChunk = 50

// fillPlatforms are the platforms of a filled database with their share of the
// devices in per cent.
var fillPlatforms = []struct {
	name  string
	share int
}{{"smart-lamp", 70}, {"door-sensor", 20}, {"garden-pump", 9}, {"weather-mast", 1}}

// FilledPlatforms are their names.
func FilledPlatforms() []string {
	names := make([]string, len(fillPlatforms))
	for i, p := range fillPlatforms {
		names[i] = p.name
	}
	return names
}

// Alike lets all devices on the whitelist of a device have said what it said.
func Alike(c db.Config, mac string) error {
	d, err := open(c)
	if err != nil {
		return err
	}
	defer d.Close()
	_, err = d.Exec(`
UPDATE devices SET facts = (SELECT k.facts FROM devices k WHERE k.mac = $1)
WHERE platform = (SELECT k.platform FROM devices k WHERE k.mac = $1)`, mac)
	return err
}

// Fill is Load for tests.
func Fill(t testing.TB, c db.Config, devices int) {
	t.Helper()
	if err := Load(c, devices); err != nil {
		t.Fatal(err)
	}
}

// Load adds so many devices to a database that was opened before, past the
// program: one by one would take minutes. Of 50 devices 40 are up to date; some
// are behind, refused, silent, waiting and new.
func Load(c db.Config, devices int) error {
	d, err := open(c)
	if err != nil {
		return err
	}
	defer d.Close()
	tx, err := d.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	if err := addDevices(tx, devices, db.Now()); err != nil {
		_ = tx.Rollback()
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	if _, err = d.Exec("ANALYZE"); err == nil && c.URL != "" { // as its autovacuum does in time
		_, err = d.Exec("VACUUM devices")
	}
	return err
}

func addDevices(tx *sql.Tx, devices int, now time.Time) error {
	for _, p := range fillPlatforms {
		if _, err := tx.Exec(`INSERT INTO platforms (name, created_at, top_version, top_key, offered_key) VALUES ($1, $2, 'v1.0.3', '03', '03')`, p.name, now); err != nil {
			return err
		}
	}
	random := rand.New(rand.NewPCG(1, 2)) // #nosec G404 -- test data that is the same each time
	for first := 0; first < devices; first += fillChunk {
		n := min(fillChunk, devices-first)
		args := make([]any, 0, 15*n)
		for i := first; i < first+n; i++ {
			args = append(args, filled(random, i, now)...)
		}
		if _, err := tx.Exec(fillText(n), args...); err != nil {
			return err
		}
	}
	return nil
}

// Filled is the MAC of the device of that number in a filled database, in no
// order, and the platform that it asks for; whether it is on that whitelist is
// told by permitted.
func Filled(i int) (mac, platform string, permitted bool) {
	mac = fmt.Sprintf("%012x", (int64(i)*2862933555777941757+3037000493)&0xffffffffffff)
	for at, n := 0, i/50%100; at <= n; { // of each 100, as the shares say
		for _, p := range fillPlatforms {
			if platform, at = p.name, at+p.share; at > n {
				break
			}
		}
	}
	return mac, platform, i%50 != 0
}

func open(c db.Config) (*sql.DB, error) {
	if c.URL != "" {
		return sql.Open("postgres", c.URL)
	}
	return sql.Open("sqlite", "file:"+filepath.Join(c.Dir, sqliteFile)+"?_time_format=sqlite&_pragma=busy_timeout(60000)")
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
	at := func(max time.Duration) any {
		return now.Add(-time.Duration(r.Int64N(int64(max)))).Truncate(time.Microsecond)
	}
	mac, name, permitted := Filled(i)
	var platform any = name
	if !permitted {
		platform = nil
	}
	var first, last any = at(300 * 24 * time.Hour), at(6 * 24 * time.Hour)
	version, answer, reason := 3, "no-update", "not-newer"
	switch i % 50 {
	case 0:
		answer, reason = "refusal", "not-whitelisted"
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
	notes := fmt.Sprintf("Room %d, floor %d", i, i%9)
	return []any{
		mac, platform, notes, strings.ToLower(notes), now, first, last, fmt.Sprintf("v1.0.%d", version), fmt.Sprintf("%02d", version),
		name, fmt.Sprintf("10.%d.%d.%d", a, b, c), fmt.Sprintf("10a%02x%02x%02x", a, b, c), answer, reason, "ESP8266-http-Update",
	}
}
