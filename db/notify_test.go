package db_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"esp-update-server/app/live"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// connected is a process of its own on a database.
func connected(t *testing.T, c db.Config) (*live.Hub, *db.Notifier) {
	t.Helper()
	hub := live.NewHub()
	n, err := dbtest.Open(t, c).Notify(hub, slog.New(slog.DiscardHandler), func() {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return hub, n
}

// heard collects the topics that a listener gets until it has one.
func heard(t *testing.T, l *live.Listener, topic string) map[string]bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	got := map[string]bool{}
	for ctx.Err() == nil {
		l.Wait(ctx)
		for found := range l.Take() {
			got[found] = true
		}
		if got[topic] {
			return got
		}
	}
	t.Fatalf("never heard of %s, but of %v", topic, got)
	return nil
}

func TestEveryProcessHears(t *testing.T) {
	c := dbtest.Postgres(t)
	here, announce := connected(t, c)
	there, _ := connected(t, c)
	for name, hub := range map[string]*live.Hub{"the process itself": here, "another": there} {
		l := hub.Listen()
		defer l.Close()
		announce.Publish(live.Device+name[:3], live.Fleet)
		heard(t, l, live.Device+name[:3])
	}
}

// TestManyTopicsFold holds that a flood of changes is few messages, of a size
// that Postgres takes.
func TestManyTopicsFold(t *testing.T) {
	c := dbtest.Postgres(t)
	hub, announce := connected(t, c)
	l := hub.Listen()
	defer l.Close()
	for i := range 300 {
		announce.Publish(fmt.Sprintf("%s%064d", live.Platform, i))
	}
	heard(t, l, fmt.Sprintf("%s%064d", live.Platform, 299))
	for i := range 5000 {
		announce.Publish(fmt.Sprintf("%s%012x", live.Device, i))
	}
	heard(t, l, live.Resync)
}

func TestALostConnectionIsMadeUpFor(t *testing.T) {
	c := dbtest.Postgres(t)
	hub, announce := connected(t, c)
	l := hub.Listen()
	defer l.Close()
	server, err := sql.Open("postgres", c.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if _, err := server.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'LISTEN%'`); err != nil {
		t.Fatal(err)
	}
	heard(t, l, live.Resync)
	announce.Publish(live.Fleet)
	heard(t, l, live.Fleet)
}

func TestOneProcessNeedsNoNotifier(t *testing.T) {
	n, err := dbtest.Open(t, dbtest.SQLite(t)).Notify(live.NewHub(), slog.New(slog.DiscardHandler), func() {})
	if n != nil || err != nil {
		t.Errorf("%v, %v", n, err)
	}
}
