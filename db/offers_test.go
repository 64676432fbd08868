package db_test

import (
	"testing"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/version"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// offered is the version that a platform offers; "" for nothing.
func offered(t *testing.T, d *db.DB, name string) string {
	t.Helper()
	r, err := d.Releases.Offered(ctx, name)
	must(t, err)
	if r == nil {
		return ""
	}
	return r.Version.String()
}

func TestWithdrawGoesDownTheHistory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		for _, v := range []string{"v1.0.0", "v1.1.0", "v1.2.0", "v1.10.0"} {
			publish(t, d, "lamp", v, "bytes of "+v)
		}
		withdraw := func(v, then string) {
			t.Helper()
			must(t, d.Releases.Withdraw(ctx, "lamp", "", version.ParseLenient(v)))
			if got := offered(t, d, "lamp"); got != then {
				t.Errorf("after %s offers %q, want %q", v, got, then)
			}
		}
		withdraw("v1.10.0", "v1.2.0")
		must(t, d.Releases.Offer(ctx, "lamp", "", version.ParseLenient("v1.1.0")))
		withdraw("v1.1.0", "v1.0.0")
		must(t, d.Releases.Offer(ctx, "lamp", "", version.ParseLenient("v1.2.0")))
		withdraw("v1.2.0", "v1.0.0") // v1.1.0 is withdrawn
		if err := d.Releases.Withdraw(ctx, "lamp", "", version.ParseLenient("v1.2.0")); !fault.Is(err, fault.Conflict) {
			t.Errorf("withdrawn twice: %v", err)
		}
		withdraw("v1.0.0", "")
		if err := d.Releases.Publish(ctx, publication("lamp", "v1.9.0", "x")); !fault.Is(err, fault.Invalid) {
			t.Errorf("published below a withdrawn one: %v", err)
		}
		must(t, d.Releases.Offer(ctx, "lamp", "", version.ParseLenient("v1.10.0")))
		if list, err := d.Releases.List(ctx, "lamp"); err != nil || list[0].WithdrawnAt != nil || list[1].WithdrawnAt == nil || !list[0].Offered {
			t.Errorf("%+v, %v", list, err)
		}
		for _, name := range []string{"lamp", "toaster"} {
			if err := d.Releases.Offer(ctx, name, "", version.ParseLenient("v9.0.0")); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s offers what there is not: %v", name, err)
			}
		}
		if got := offered(t, d, "lamp"); got != "v1.10.0" {
			t.Errorf("a refused offer changed it to %q", got)
		}
	})
}

func TestRunners(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		publish(t, d, "lamp", "v1.2.0", "bytes")
		for m, v := range map[fleet.MAC]string{"000000000001": "v1.1.0", "000000000002": "1.2", "000000000003": "v1.10.0", "000000000004": ""} {
			permit(t, d, m, "lamp")
			if v != "" {
				checkIn(t, d, m, "lamp", v, db.Now(), fleet.NoUpdate)
			}
		}
		same, higher, err := d.Releases.Runners(ctx, "lamp", "", version.ParseLenient("v1.2.0"))
		if err != nil || same != 1 || higher != 1 {
			t.Errorf("%d the same, %d higher, %v", same, higher, err)
		}
		if same, higher, err := d.Releases.Runners(ctx, "none", "", version.ParseLenient("v1")); err != nil || same+higher != 0 {
			t.Errorf("%d, %d, %v", same, higher, err)
		}
	})
}
