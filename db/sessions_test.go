package db_test

import (
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestSessionsEnd looks at sessions of an age, in use until lately or not.
func TestSessionsEnd(t *testing.T) {
	const day = 24 * time.Hour
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user(t, d, "u", account.Viewer)
		for _, c := range []struct {
			remember  bool
			age, idle time.Duration
			live      bool
		}{
			{false, 6 * day, time.Hour, true},
			{false, 13 * time.Hour, 13 * time.Hour, false},
			{false, 8 * day, time.Hour, false},
			{true, 13 * day, 13 * day, true},
			{true, 15 * day, 15 * day, false},
			{true, 89 * day, day, true},
			{true, 91 * day, 0, false},
		} {
			must(t, d.Sessions.Create(ctx, "s", "u", "", "", c.remember))
			must(t, d.Exec(`UPDATE sessions SET created_at = $1, last_used = $2 WHERE hash = 's'`, db.Now().Add(-c.age), db.Now().Add(-c.idle)))
			list, err := d.Sessions.Of(ctx, "u")
			if (len(list) == 1) != c.live || err != nil {
				t.Errorf("%+v: listed %d, %v", c, len(list), err)
			}
			if s, err := d.Sessions.Find(ctx, "s"); (s != nil) != c.live || err != nil {
				t.Errorf("%+v: %+v, %v", c, s, err)
			}
			must(t, d.Sessions.Delete(ctx, "s"))
		}
	})
}

func TestTokensExpire(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user(t, d, "u", account.Viewer)
		soon, past := db.Now().Add(time.Hour), db.Now().Add(-time.Second)
		must(t, d.Tokens.Create(ctx, "good", "u", "a", account.Read, &soon))
		must(t, d.Tokens.Create(ctx, "old", "u", "b", account.Read, &past))
		if found, err := d.Tokens.Find(ctx, "good"); err != nil || found == nil || !found.ExpiresAt.Equal(soon) {
			t.Errorf("%+v, %v", found, err)
		}
		if found, err := d.Tokens.Find(ctx, "old"); found != nil || err != nil {
			t.Errorf("an expired token: %+v, %v", found, err)
		}
		if list, err := d.Tokens.Of(ctx, "u"); len(list) != 2 || err != nil {
			t.Errorf("%d tokens, %v", len(list), err)
		}
	})
}
