package db_test

import (
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/app/release"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestOldDraftsGo holds that a draft goes when its time is over, whoever it is
// of, and its image with it unless a release or another draft has that too.
func TestOldDraftsGo(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		d := dbtest.Open(t, c)
		platform(t, d, "lamp")
		for _, id := range []string{"u1", "u2"} {
			user(t, d, id, account.Admin)
		}
		save := func(id, user, data string) {
			p := publication("lamp", "v1.0.0", data)
			must(t, d.Drafts.Save(ctx, &release.Draft{ID: id, UserID: user, Data: p.Data, Inspection: p.Image.Inspection}))
		}
		must(t, d.Releases.Publish(ctx, publication("lamp", "v1.0.0", "released")))
		save("alone", "u1", "alone")
		save("released", "u2", "released")
		save("shared", "u1", "shared")
		save("young", "u2", "shared")
		must(t, d.Drafts.DropOld(ctx))
		if drafts, images := dbtest.Count(t, c, "drafts"), dbtest.Count(t, c, "images"); drafts != 4 || images != 3 {
			t.Fatalf("before their time %d drafts and %d images are kept", drafts, images)
		}
		must(t, d.Exec(`UPDATE drafts SET created_at = $1 WHERE id <> 'young'`, db.Now().Add(-release.DraftLifetime-1e9)))
		must(t, d.Drafts.DropOld(ctx))
		if drafts, images := dbtest.Count(t, c, "drafts"), dbtest.Count(t, c, "images"); drafts != 1 || images != 2 {
			t.Errorf("%d drafts and %d images are kept", drafts, images)
		}
		if got, err := d.Drafts.Find(ctx, "young", "u2"); err != nil || string(got.Data) != "shared" {
			t.Errorf("the young one: %v, %v", got, err)
		}
		must(t, d.Drafts.Delete(ctx, "young", "u2"))
		if images := dbtest.Count(t, c, "images"); images != 1 {
			t.Errorf("%d images are kept, and one is released", images)
		}
		if data, err := d.Releases.Bytes(ctx, publication("lamp", "v1.0.0", "released").Image.SHA256); err != nil || string(data) != "released" {
			t.Errorf("the release: %q, %v", data, err)
		}
	})
}
