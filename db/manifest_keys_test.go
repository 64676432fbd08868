package db_test

import (
	"testing"
	"time"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestManifestKeys walks through the life of keys, and holds after each step that
// the index admits those that there are.
func TestManifestKeys(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		must(t, d.Platforms.Create(ctx, "lamp", ""))
		must(t, d.Platforms.Create(ctx, "plug", ""))
		a, b, c := fleet.Secret("A").Hash(), fleet.Secret("B").Hash(), fleet.Secret("C").Hash()
		index := ota.NewIndex(d.Index)
		for _, step := range []struct {
			name  string
			do    func() error
			fails fault.Kind
			good  string // the hashes that are admitted to the lamp
		}{
			{"made", func() error { return d.Platforms.AddManifestKey(ctx, "lamp", a) }, 0, a},
			{"another", func() error { return d.Platforms.AddManifestKey(ctx, "lamp", b) }, 0, a + b},
			{"of another platform", func() error { return d.Platforms.AddManifestKey(ctx, "plug", c) }, 0, a + b},
			{"of no platform", func() error { return d.Platforms.AddManifestKey(ctx, "toaster", c) }, fault.NotFound, a + b},
			{"revoked elsewhere", func() error { return d.Platforms.RevokeManifestKey(ctx, "lamp", fleet.PasswordKey(c)) }, fault.Conflict, a + b},
			{"revoked", func() error { return d.Platforms.RevokeManifestKey(ctx, "lamp", fleet.PasswordKey(a)) }, 0, b},
			{"revoked twice", func() error { return d.Platforms.RevokeManifestKey(ctx, "lamp", fleet.PasswordKey(a)) }, fault.Conflict, b},
			{"revoked without a key", func() error { return d.Platforms.RevokeManifestKey(ctx, "lamp", "") }, fault.Conflict, b},
			{"platform deleted", func() error { return d.Platforms.Delete(ctx, "lamp") }, 0, ""},
		} {
			if err := step.do(); step.fails == 0 && err != nil || step.fails != 0 && !fault.Is(err, step.fails) {
				t.Errorf("%s: %v", step.name, err)
			}
			must(t, index.Refresh(ctx))
			good := ""
			for _, hash := range []string{a, b, c} {
				admitted, err := index.Admits("lamp", hash)
				must(t, err)
				if admitted {
					good += hash
				}
			}
			if good != step.good {
				t.Errorf("%s: admitted are %s, want %s", step.name, good, step.good)
			}
		}
		counts := map[activity.Action]int{}
		for _, e := range told(t, d, activity.Query{}) {
			counts[e.Action]++
		}
		if counts[activity.ManifestKeyMade] != 3 || counts[activity.ManifestKeyRevoked] != 1 {
			t.Errorf("of this the activity tells %v", counts)
		}
	})
}

// TestManifestKeysAreBounded holds that there is an end to them, and that the
// last use of one never goes back.
func TestManifestKeysAreBounded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		must(t, d.Platforms.Create(ctx, "lamp", ""))
		hash := ""
		for range fleet.MaxManifestKeys {
			hash = fleet.NewManifestKey().Hash()
			must(t, d.Platforms.AddManifestKey(ctx, "lamp", hash))
		}
		if err := d.Platforms.AddManifestKey(ctx, "lamp", fleet.NewManifestKey().Hash()); !fault.Is(err, fault.Conflict) {
			t.Errorf("one too many: %v", err)
		}
		now := db.Now()
		must(t, d.Platforms.UsedManifestKey(ctx, hash, now))
		must(t, d.Platforms.UsedManifestKey(ctx, hash, now.Add(-time.Hour)))
		list, err := d.Platforms.ManifestKeys(ctx, "lamp")
		must(t, err)
		if len(list) != fleet.MaxManifestKeys || list[0].Hash != hash || list[0].LastUsed == nil || !list[0].LastUsed.Equal(now) || list[1].LastUsed != nil {
			t.Errorf("%+v", list[:2])
		}
	})
}
