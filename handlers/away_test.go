package handlers_test

import (
	"bytes"
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// TestBoardsAreAnsweredWhileTheDatabaseIsAway holds that they are, images
// included, and that nothing of what they said is lost.
func TestBoardsAreAnsweredWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		d := dbtest.Open(t, c)
		world(t, d)
		address := serve(t, d, func(c *handlers.Config) { c.Patience = 1 })
		lamp := func(ver string) []byte {
			return say(t, address, "GET /update?dev=smart-lamp&ver="+ver+" HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n")
		}
		lamp("v1.0.2")
		back := takeAway(t, c)
		start := time.Now()
		if a := lamp("v1.0.1"); !bytes.HasSuffix(a, images["lamp"]) {
			t.Errorf("answered %.200q", a)
		}
		if a := lamp("v1.0.3"); !strings.HasPrefix(string(a), "HTTP/1.1 304") {
			t.Errorf("answered %.200q", a)
		}
		if a := say(t, address, "GET /readyz HTTP/1.0\r\n\r\n"); !strings.HasPrefix(string(a), "HTTP/1.1 200") {
			t.Errorf("not ready: %s", a)
		}
		if took := time.Since(start); took > 10*time.Second { // a write that is waited for would have given up by then
			t.Errorf("the answers took %s", took)
		}
		back()
		for late := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
			found, err := d.Devices.Find(context.Background(), "18fe34aabbcc")
			if err == nil && found.Version == "v1.0.3" {
				break
			}
			if time.Now().After(late) {
				t.Fatalf("what was said is not written: %+v, %v", found, err)
			}
		}
		happened, err := d.History.Of(context.Background(), "18fe34aabbcc", 20)
		if err != nil {
			t.Fatal(err)
		}
		var text []string
		for i := len(happened) - 1; i >= 0; i-- {
			text = append(text, string(happened[i].Event)+" "+happened[i].Version)
		}
		if got := strings.Join(text, ", "); !strings.Contains(got, "updated v1.0.1") || !strings.HasSuffix(got, "updated v1.0.3") && !strings.HasSuffix(got, "downloaded v1.0.3") {
			t.Errorf("its history is: %s", got)
		}
	})
}

// takeAway keeps a database from answering writes: SQLite by a lock that another
// holds, Postgres by ending all connections and taking no new ones.
func takeAway(t *testing.T, c db.Config) (back func()) {
	t.Helper()
	driver, dsn := "postgres", os.Getenv("TEST_DATABASE_URL")
	if c.URL == "" {
		driver, dsn = "sqlite", "file:"+filepath.Join(c.Dir, "esp-update-server.db")
	}
	other, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	other.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = other.Close() })
	do := func(statement string) {
		t.Helper()
		if _, err := other.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if c.URL == "" {
		do("PRAGMA busy_timeout = 5000")
		do("BEGIN IMMEDIATE")
		return func() { do("ROLLBACK") }
	}
	name := strings.TrimPrefix(mustURL(t, c.URL).Path, "/")
	do("ALTER DATABASE " + name + " ALLOW_CONNECTIONS false")
	do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name + "'")
	return func() { do("ALTER DATABASE " + name + " ALLOW_CONNECTIONS true") }
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
