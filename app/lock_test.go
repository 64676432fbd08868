package main

import (
	"fmt"
	"strings"
	"testing"

	"esp-update-server/db/dbtest"
)

// TestOneServerOnADataFolder holds that a second server on a folder does not
// start, whatever its port, that commands run beside the first, and that a
// killed server leaves nothing that keeps the next from starting.
func TestOneServerOnADataFolder(t *testing.T) {
	env := []string{"DATA_DIR=" + t.TempDir()}
	for range 2 {
		p := start(t, env...)
		_, stderr, code := output(t, append(env, "BIND=127.0.0.1", fmt.Sprint("PORT=", dbtest.FreePort(t))))
		if code != 1 || !strings.Contains(stderr, "another server runs on DATA_DIR /") || strings.Contains(stderr, "msg=") {
			t.Errorf("exit %d: %s", code, stderr)
		}
		if _, stderr, code := output(t, env, "user", "link", "--email", "nobody@example.com"); code != 1 || strings.Contains(stderr, "another server") {
			t.Errorf("a command beside the server: exit %d: %s", code, stderr)
		}
		p.kill()
	}
}

// TestManyServersOnPostgres holds that they share a data folder too, which they
// hardly use.
func TestManyServersOnPostgres(t *testing.T) {
	env := []string{"DATA_DIR=" + t.TempDir(), "DATABASE_URL=" + dbtest.Postgres(t).URL}
	start(t, env...)
	start(t, env...)
}
