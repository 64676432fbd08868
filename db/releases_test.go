package db_test

import (
	"sync"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
	"esp-update-server/app/release"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

func TestVersionsRise(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		publish(t, d, "lamp", "v1.0.9", "a")
		publish(t, d, "lamp", "v1.0.10", "b")
		for _, v := range []string{"v1.0.10", "v1.0.10+b2", "v1.0.9", "v1.0.10-rc1", "v0.9.99"} {
			err := d.Releases.Publish(ctx, publication("lamp", v, "c"))
			if fault.Of(err) == nil {
				t.Errorf("%s after v1.0.10: %v", v, err)
			}
		}
		if _, err := d.Releases.Bytes(ctx, publication("lamp", "v9.0.0", "c").Image.SHA256); !fault.Is(err, fault.NotFound) {
			t.Errorf("a refused image is kept: %v", err)
		}
		offered, err := d.Releases.Offered(ctx, "lamp")
		must(t, err)
		if offered.Version.String() != "v1.0.10" || !offered.Offered || len(offered.Images) != 1 || !offered.Images[0].RunsOn("r2", "") {
			t.Errorf("%+v", offered)
		}
		list, err := d.Releases.List(ctx, "lamp")
		if err != nil || len(list) != 2 || list[0].Version.String() != "v1.0.10" || list[1].Offered {
			t.Errorf("%+v, %v", list, err)
		}
		if err := d.Releases.Publish(ctx, publication("toaster", "v1.0.0", "c")); !fault.Is(err, fault.NotFound) {
			t.Errorf("published for a platform that is not there: %v", err)
		}
	})
}

// TestOneOfTwoUploadsWins publishes one version from many sides at once.
func TestOneOfTwoUploadsWins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		var wg sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			wg.Go(func() { errs[i] = d.Releases.Publish(ctx, publication("lamp", "v1.0.2", string(rune('a'+i)))) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if fault.Of(err) == nil {
				t.Errorf("the loser is told %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d won", won)
		}
	})
}

func TestOldReleasesArePruned(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		for _, v := range []string{"v1.0.0", "v1.0.1", "v1.0.2"} {
			p := publication("lamp", v, v)
			p.Keep = 2
			must(t, d.Releases.Publish(ctx, p))
		}
		list, err := d.Releases.List(ctx, "lamp")
		if err != nil || len(list) != 2 || list[1].Version.String() != "v1.0.1" {
			t.Errorf("%+v, %v", list, err)
		}
		if err := d.Releases.Publish(ctx, publication("lamp", "v1.0.0", "x")); fault.Of(err) == nil {
			t.Error("a pruned version was published again")
		}
	})
}

func TestDrafts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		must(t, d.Users.Create(ctx, &account.User{ID: "u1", Email: "a@example.com", Role: account.Admin}))
		p := publication("lamp", "v1.0.0", "draft")
		draft := &release.Draft{ID: "d1", UserID: "u1", Data: p.Data, Inspection: p.Image.Inspection}
		must(t, d.Drafts.Save(ctx, draft))
		got, err := d.Drafts.Find(ctx, "d1", "u1")
		if err != nil || string(got.Data) != "draft" || got.Inspection.SHA256 != p.Image.SHA256 {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := d.Drafts.Find(ctx, "d1", "u2"); !fault.Is(err, fault.NotFound) {
			t.Errorf("another user's draft: %v", err)
		}
		p.Draft = "d1"
		must(t, d.Releases.Publish(ctx, p))
		if _, err := d.Drafts.Find(ctx, "d1", "u1"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a published draft is kept: %v", err)
		}
		for i := range release.MaxDrafts + 3 {
			must(t, d.Drafts.Save(ctx, &release.Draft{ID: string(rune('A' + i)), UserID: "u1", Data: p.Data, Inspection: p.Image.Inspection}))
		}
		if _, err := d.Drafts.Find(ctx, "A", "u1"); !fault.Is(err, fault.NotFound) {
			t.Errorf("more drafts are kept than the bound: %v", err)
		}
		must(t, d.Drafts.Delete(ctx, "Z", "u1"))
	})
}
