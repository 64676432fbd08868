package db_test

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// factory is a merged file with some content.
func factory(content string) *release.Merged {
	sum, sha := md5.Sum([]byte(content)), sha256.Sum256([]byte(content))
	return &release.Merged{SHA256: hex.EncodeToString(sha[:]), MD5: hex.EncodeToString(sum[:]), Size: int64(len(content)), Offset: 0x1000}
}

// beside is a merged file for a release that was published with some content.
func beside(name, v, content, merged string) *release.Installation {
	p := publication(name, v, content)
	return &release.Installation{
		Release: &release.Release{Platform: name, Version: p.Version}, Image: p.Image.SHA256, Merged: factory(merged), Data: []byte(merged),
	}
}

// TestMergedFiles walks through the life of merged files beside a release, and
// holds after each step which one the platform offers and what bytes are kept.
func TestMergedFiles(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		d := dbtest.Open(t, c)
		platform(t, d, "lamp")
		user(t, d, "u1", account.Admin)
		must(t, d.Drafts.Save(ctx, &release.Draft{ID: "d1", UserID: "u1", Install: true, Data: []byte("factory"), Inspection: publication("lamp", "v1.0.0", "app").Image.Inspection}))
		whole := publication("lamp", "v1.1.0", "newer")
		whole.Image.Merged, whole.Merged = factory("newer factory"), []byte("newer factory")
		whole.Keep = 1
		add := func(v, content, merged string) func() error {
			return func() error { return d.Releases.AddMerged(ctx, beside("lamp", v, content, merged)) }
		}
		for _, step := range []struct {
			name   string
			do     func() error
			fails  fault.Kind
			merged string // that is offered; "" for none
			images int64  // that are kept, in any role
		}{
			{"published", func() error { return d.Releases.Publish(ctx, publication("lamp", "v1.0.0", "app")) }, 0, "", 2},
			{"beside no such release", add("v3.0.0", "app", "x"), fault.NotFound, "", 2},
			{"beside another image", add("v1.0.0", "other", "x"), fault.NotFound, "", 2},
			{"of a draft", func() error {
				i := beside("lamp", "v1.0.0", "app", "factory")
				i.Draft = "d1"
				return d.Releases.AddMerged(ctx, i)
			}, 0, "factory", 2},
			{"again", add("v1.0.0", "app", "factory"), 0, "factory", 2},
			{"another", add("v1.0.0", "app", "other factory"), 0, "other factory", 2},
			{"removed by a wrong name", func() error {
				return d.Releases.RemoveMerged(ctx, "lamp", mustParse(t, "v1.0.0"), factory("factory").MD5)
			}, fault.Conflict, "other factory", 2},
			{"removed", func() error {
				return d.Releases.RemoveMerged(ctx, "lamp", mustParse(t, "v1.0.0"), factory("other factory").MD5)
			}, 0, "", 1},
			{"removed twice", func() error { return d.Releases.RemoveMerged(ctx, "lamp", mustParse(t, "v1.0.0"), "") }, fault.Conflict, "", 1},
			{"with a release, which drops the one before", func() error { return d.Releases.Publish(ctx, whole) }, 0, "newer factory", 2},
			{"a version that is not higher", func() error {
				p := publication("lamp", "v1.1.0", "more")
				p.Image.Merged, p.Merged = factory("more factory"), []byte("more factory")
				return d.Releases.Publish(ctx, p)
			}, fault.Invalid, "newer factory", 2},
			{"pruned", func() error {
				p := publication("lamp", "v1.2.0", "newest")
				p.Keep = 1
				return d.Releases.Publish(ctx, p)
			}, 0, "", 1},
		} {
			if err := step.do(); step.fails == 0 && err != nil || step.fails != 0 && !fault.Is(err, step.fails) {
				t.Errorf("%s: %v", step.name, err)
			}
			offered, err := d.Releases.Offered(ctx, "lamp")
			must(t, err)
			switch m := offered.Images[0].Merged; {
			case (m == nil) != (step.merged == ""):
				t.Errorf("%s: %+v", step.name, m)
			case m != nil && *m != *factory(step.merged):
				t.Errorf("%s: %+v", step.name, m)
			case m != nil:
				if data, err := d.Releases.Bytes(ctx, m.SHA256); err != nil || string(data) != step.merged {
					t.Errorf("%s: %q, %v", step.name, data, err)
				}
			}
			if n := dbtest.Count(t, c, "images"); n != step.images {
				t.Errorf("%s: %d images are kept", step.name, n)
			}
		}
		if n := dbtest.Count(t, c, "drafts"); n != 0 {
			t.Errorf("%d drafts are left", n)
		}
		counts := map[activity.Action]int{}
		for _, e := range told(t, d, activity.Query{Kind: activity.Releases}) {
			counts[e.Action]++
		}
		if counts[activity.FirstInstallationAdded] != 4 || counts[activity.FirstInstallationRemoved] != 1 {
			t.Errorf("of this the activity tells %v", counts)
		}
	})
}

func mustParse(t *testing.T, text string) version.Version {
	t.Helper()
	v, err := version.Parse(text)
	must(t, err)
	return v
}

// TestDraftsOfMergedFiles holds that a draft comes back as it was kept.
func TestDraftsOfMergedFiles(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user(t, d, "u1", account.Admin)
		in := publication("lamp", "v1.0.0", "app").Image.Inspection
		must(t, d.Drafts.Save(ctx, &release.Draft{ID: "d1", UserID: "u1", Install: true, Data: []byte("factory"), Inspection: in}))
		got, err := d.Drafts.Find(ctx, "d1", "u1")
		must(t, err)
		if string(got.Data) != "factory" || !got.Upload().Install || got.Inspection.SHA256 != in.SHA256 {
			t.Errorf("%+v", got)
		}
		if list, err := d.Drafts.List(ctx, "u1"); err != nil || len(list) != 1 || !list[0].Install {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
