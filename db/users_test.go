package db_test

import (
	"sync"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

func user(t *testing.T, d *db.DB, id string, role account.Role) {
	t.Helper()
	must(t, d.Users.Create(ctx, &account.User{ID: id, Email: id + "@example.com", PasswordHash: "old", Role: role}))
}

func TestUsers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user(t, d, "u", account.Plain)
		if err := d.Users.Create(ctx, &account.User{ID: "v", Email: "u@example.com", Role: account.Plain}); !fault.Is(err, fault.Conflict) {
			t.Errorf("an address was taken twice: %v", err)
		}
		if any, err := d.Users.AnyAdmin(ctx); any || err != nil {
			t.Errorf("an admin was found: %v", err)
		}
	})
}

func TestEnsureAdmin(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if _, err := d.Users.EnsureAdmin(ctx, "new@example.com", ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("an unknown user without a password: %v", err)
		}
		if did, err := d.Users.EnsureAdmin(ctx, "new@example.com", "hash"); did != db.AdminCreated || err != nil {
			t.Errorf("%v, %v", did, err)
		}
		user(t, d, "squatter", account.Plain)
		must(t, d.Sessions.Create(ctx, "s", "squatter", "", "", true))
		must(t, d.Tokens.Create(ctx, "t", "squatter", "n", account.Write, nil))
		if did, err := d.Users.EnsureAdmin(ctx, "squatter@example.com", "hash"); did != db.AdminPromoted || err != nil {
			t.Errorf("%v, %v", did, err)
		}
		u, err := d.Users.FindByEmail(ctx, "squatter@example.com")
		if err != nil || u.Role != account.Admin || u.PasswordHash != "hash" {
			t.Errorf("%+v, %v", u, err)
		}
		if s, err := d.Sessions.Find(ctx, "s"); s != nil || err != nil {
			t.Errorf("the session of whoever signed up before lives on: %v", err)
		}
		if tok, err := d.Tokens.Find(ctx, "t"); tok != nil || err != nil {
			t.Errorf("the token of whoever signed up before lives on: %v", err)
		}
		if did, err := d.Users.EnsureAdmin(ctx, "squatter@example.com", "other"); did != db.AdminKept || err != nil {
			t.Errorf("%v, %v", did, err)
		}
		must(t, d.Users.Create(ctx, &account.User{ID: "invited", Email: "invited@example.com", Role: account.Admin}))
		if did, err := d.Users.EnsureAdmin(ctx, "invited@example.com", "hash"); did != db.AdminPromoted || err != nil {
			t.Errorf("an admin without a password: %v, %v", did, err)
		}
		if u, _ := d.Users.FindByEmail(ctx, "squatter@example.com"); u.PasswordHash != "hash" {
			t.Error("an admin's own password was replaced")
		}
	})
}

func TestSessionsAndTokens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user(t, d, "u", account.Admin)
		must(t, d.Sessions.Create(ctx, "s", "u", "agent", "192.0.2.1", true))
		s, err := d.Sessions.Find(ctx, "s")
		if err != nil || s == nil || s.User.Email != "u@example.com" || s.Agent != "agent" {
			t.Fatalf("%+v, %v", s, err)
		}
		must(t, d.Sessions.Delete(ctx, "s"))
		if s, err := d.Sessions.Find(ctx, "s"); s != nil || err != nil {
			t.Errorf("%+v, %v", s, err)
		}
		must(t, d.Tokens.Create(ctx, "t", "u", "ci", account.Write, nil))
		tok, err := d.Tokens.Find(ctx, "t")
		if err != nil || tok == nil || tok.Name != "ci" || tok.Scope != account.Write || tok.User.Role != account.Admin {
			t.Errorf("%+v, %v", tok, err)
		}
	})
}

func TestLinksWorkOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		must(t, d.Links.Create(ctx, "setup", account.SetupLink, "", time.Hour))
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() {
				id := account.NewID()
				errs[i] = d.Links.SetUp(ctx, "setup", &account.User{ID: id, Email: id + "@example.com", Role: account.Admin})
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !fault.Is(err, fault.NotFound) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("the set-up link worked %d times", won)
		}
		user(t, d, "u", account.Admin)
		must(t, d.Sessions.Create(ctx, "s", "u", "", "", true))
		must(t, d.Links.Create(ctx, "pw", account.PasswordLink, "u", time.Hour))
		must(t, d.Links.Create(ctx, "late", account.PasswordLink, "u", -time.Second))
		if l, err := d.Links.Find(ctx, "pw"); err != nil || l.User.ID != "u" {
			t.Errorf("%+v, %v", l, err)
		}
		if err := d.Links.SetPassword(ctx, "late", "new"); !fault.Is(err, fault.NotFound) {
			t.Errorf("an expired link: %v", err)
		}
		must(t, d.Links.SetPassword(ctx, "pw", "new"))
		if err := d.Links.SetPassword(ctx, "pw", "again"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a used link: %v", err)
		}
		if s, err := d.Sessions.Find(ctx, "s"); s != nil || err != nil {
			t.Errorf("a session outlived its password: %v", err)
		}
	})
}

func TestPayloads(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p, err := d.Payloads(ctx)
		must(t, err)
		defer p.Close()
		key := account.HashSecret("id")
		must(t, p.Set(key, []byte("a"), time.Hour))
		must(t, p.Set(key, []byte("b"), time.Hour))
		if v, err := p.Get(key); string(v) != "b" || err != nil {
			t.Errorf("%q, %v", v, err)
		}
		must(t, p.Set("gone", []byte("c"), -time.Hour))
		must(t, p.Delete(key))
		if v, err := p.Get(key); v != nil || err != nil {
			t.Errorf("%q, %v", v, err)
		}
	})
}
