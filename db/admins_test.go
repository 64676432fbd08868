package db_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestLastAdmin lets all admins go at once, some demoted and some deleted: one
// stays. An admin who was invited and never came does not count.
func TestLastAdmin(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		must(t, d.Users.Create(ctx, &account.User{ID: "invited", Email: "invited@example.com", Role: account.Admin}))
		ids := []string{"a", "b", "c", "d", "e", "f"}
		for _, id := range ids {
			user(t, d, id, account.Admin)
		}
		var wg sync.WaitGroup
		errs := make([]error, len(ids))
		for i, id := range ids {
			wg.Go(func() {
				if i%2 == 0 {
					_, errs[i] = d.Users.SetRole(ctx, id, account.Viewer)
				} else {
					errs[i] = d.Users.Delete(ctx, id)
				}
			})
		}
		wg.Wait()
		stayed := 0
		for _, err := range errs {
			if fault.Is(err, fault.Conflict) {
				stayed++
			} else if err != nil {
				t.Error(err)
			}
		}
		if stayed != 1 {
			t.Errorf("%d of %d stayed admins", stayed, len(ids))
		}
	})
}

// TestProcessesEnsureOneAdmin lets processes that start at once create the admin of
// the settings: one does, and the others find it.
func TestProcessesEnsureOneAdmin(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for n := range 10 { // when connections are open they are the more at once
			var wg sync.WaitGroup
			var created atomic.Int64
			for range 8 {
				wg.Go(func() {
					did, err := d.Users.EnsureAdmin(ctx, fmt.Sprintf("a%d@example.com", n), "hash")
					if err != nil || did == db.AdminPromoted {
						t.Error(did, err)
					}
					if did == db.AdminCreated {
						created.Add(1)
					}
				})
			}
			wg.Wait()
			if n := created.Load(); n != 1 {
				t.Errorf("one was created %d times", n)
			}
		}
	})
}

func TestRolesEndSessions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user(t, d, "root", account.Admin)
		user(t, d, "u", account.Plain)
		must(t, d.Sessions.Create(ctx, "s", "u", "", "", true))
		if before, err := d.Users.SetRole(ctx, "u", account.Admin); before != account.Plain || err != nil {
			t.Errorf("%v, %v", before, err)
		}
		if s, err := d.Sessions.Find(ctx, "s"); err != nil || s == nil || s.Role != account.Plain || s.User.Role != account.Admin || !s.User.WasAdmin {
			t.Errorf("after a rise: %+v, %v", s, err)
		}
		if ok, err := d.Sessions.Renew(ctx, "s", "s2"); !ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
		if ok, err := d.Sessions.Renew(ctx, "s", "s3"); ok || err != nil {
			t.Errorf("a session was renewed twice: %v", err)
		}
		if s, err := d.Sessions.Find(ctx, "s2"); err != nil || s == nil || s.Role != account.Admin {
			t.Errorf("%+v, %v", s, err)
		}
		if _, err := d.Users.SetRole(ctx, "u", account.Viewer); err != nil {
			t.Error(err)
		}
		if s, err := d.Sessions.Find(ctx, "s2"); s != nil || err != nil {
			t.Errorf("a session outlived its rights: %v", err)
		}
	})
}
