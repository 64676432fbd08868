package db_test

import (
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestDropExpired keeps two of everything that is good for a while, lets the
// time of one be over, and finds that the other is left.
func TestDropExpired(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		d := dbtest.Open(t, c)
		user(t, d, "u", account.Viewer)
		platform(t, d, "lamp")
		payloads, err := d.Payloads(ctx)
		must(t, err)
		defer payloads.Close()
		now := db.Now()
		for i, hash := range []string{"a", "b"} {
			over := []bool{true, false}[i]
			ago := map[bool]time.Duration{true: 100 * 24 * time.Hour, false: time.Second}[over]
			must(t, d.Links.Create(ctx, hash, account.SetupLink, "", map[bool]time.Duration{true: -time.Second, false: time.Hour}[over]))
			must(t, d.Factors.Challenge(ctx, hash, "u", false))
			must(t, d.Sessions.Create(ctx, hash, "u", "", "", true))
			must(t, payloads.Set(hash, []byte("x"), time.Hour))
			_, err := d.Throttles.Take(ctx, account.Try{Limit: account.Account, Key: hash}, now.Add(-ago))
			must(t, err)
			must(t, d.Throttles.Know(ctx, hash, now.Add(-ago)))
			must(t, d.Pins.Save(ctx, &ota.Pin{MAC: fleet.MAC(hash), Platform: "lamp", Since: now.Add(-ago), LastUsed: now.Add(-ago)}))
			if over {
				must(t, d.Exec(`UPDATE challenges SET expires_at = $1 WHERE hash = $2`, now.Add(-time.Second), hash))
				must(t, d.Exec(`UPDATE sessions SET last_used = $1 WHERE hash = $2`, now.Add(-ago), hash))
				must(t, d.Exec(`UPDATE session_payloads SET e = 1 WHERE k = $1`, hash))
			}
		}
		must(t, d.DropExpired(ctx))
		for _, table := range []string{"links", "challenges", "sessions", "session_payloads", "throttles", "known_addresses", "pins"} {
			if n := dbtest.Count(t, c, table); n != 1 {
				t.Errorf("%s has %d rows", table, n)
			}
		}
		if s, err := d.Sessions.Find(ctx, "b"); s == nil || err != nil {
			t.Errorf("the live session: %v, %v", s, err)
		}
		if _, err := d.Links.Find(ctx, "b"); err != nil {
			t.Errorf("the link that is good: %v", err)
		}
		if known, err := d.Throttles.Known(ctx, "b"); !known || err != nil {
			t.Errorf("the address of just now: %v, %v", known, err)
		}
	})
}
