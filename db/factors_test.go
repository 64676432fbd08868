package db_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestFactorCodesWorkOnce uses each code many times at once.
func TestFactorCodesWorkOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user(t, d, "u", account.Viewer)
		if secret, err := d.Factors.Begin(ctx, "u", "first"); secret != "first" || err != nil {
			t.Errorf("%q, %v", secret, err)
		}
		if secret, err := d.Factors.Begin(ctx, "u", "second"); secret != "first" || err != nil {
			t.Errorf("begun twice: %q, %v", secret, err)
		}
		if u, err := d.Users.Find(ctx, "u"); err != nil || u.SecondFactor {
			t.Errorf("it counts before it is confirmed: %v", err)
		}
		must(t, d.Factors.Confirm(ctx, "u", "first", 7, []string{"r1", "r2"}))
		if err := d.Factors.Confirm(ctx, "u", "first", 8, nil); !fault.Is(err, fault.Conflict) {
			t.Errorf("confirmed twice: %v", err)
		}
		if _, err := d.Factors.Begin(ctx, "u", "third"); !fault.Is(err, fault.Conflict) {
			t.Errorf("begun over one that counts: %v", err)
		}
		if u, err := d.Users.Find(ctx, "u"); err != nil || !u.SecondFactor {
			t.Errorf("it does not count: %v", err)
		}
		once(t, "a code", func() (bool, error) { return d.Factors.UseStep(ctx, "u", 8) })
		once(t, "a recovery code", func() (bool, error) { return d.Factors.UseRecoveryCode(ctx, "u", "r1") })
		if used, err := d.Factors.UseStep(ctx, "u", 8); used || err != nil {
			t.Errorf("a replay: %v, %v", used, err)
		}
		if n, err := d.Factors.RecoveryCodes(ctx, "u"); n != 1 || err != nil {
			t.Errorf("%d codes left, %v", n, err)
		}
		must(t, d.Factors.Challenge(ctx, "c", "u", true))
		for range account.ChallengeAttempts {
			if may, err := d.Factors.Attempt(ctx, "c"); !may || err != nil {
				t.Errorf("%v, %v", may, err)
			}
		}
		if may, err := d.Factors.Attempt(ctx, "c"); may || err != nil {
			t.Errorf("one attempt too many: %v", err)
		}
	})
}

// once fails unless of many uses at once exactly one counts.
func once(t *testing.T, what string, use func() (bool, error)) {
	t.Helper()
	var wg sync.WaitGroup
	var n atomic.Int64
	for range 8 {
		wg.Go(func() {
			used, err := use()
			if err != nil {
				t.Error(err)
			}
			if used {
				n.Add(1)
			}
		})
	}
	wg.Wait()
	if n.Load() != 1 {
		t.Errorf("%s was used %d times", what, n.Load())
	}
}
