package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestBackupAndRestoreCommands goes from one engine to the other, with servers
// running on both ends.
func TestBackupAndRestoreCommands(t *testing.T) {
	for name, ends := range map[string][2]func(testing.TB) db.Config{
		"sqlite to postgres": {dbtest.SQLite, dbtest.Postgres}, "postgres to sqlite": {dbtest.Postgres, dbtest.SQLite},
	} {
		t.Run(name, func(t *testing.T) {
			from := newSite(t, ends[0](t))
			data := large("v1.0.1")
			if status, err := from.upload(data); status != 201 {
				t.Fatal(status, err)
			}
			file := filepath.Join(t.TempDir(), "all.backup")
			out, stderr, code := output(t, from.env, "backup", file)
			if code != 0 || !strings.Contains(out, "keep it as you keep a password") {
				t.Fatalf("exit %d: %s%s", code, out, stderr)
			}
			env := []string{"DATA_DIR=" + t.TempDir()}
			if c := ends[1](t); c.URL != "" {
				env = append(env, "DATABASE_URL="+c.URL)
			}
			to := &site{t: t, env: env, token: from.token, process: start(t, env...)}
			if out, stderr, code := output(t, env, "restore", file); code != 0 {
				t.Fatalf("exit %d: %s%s", code, out, stderr)
			}
			to.noticed(data)
			if !to.versions()["v1.0.1"] {
				t.Error("a token of before does not find the release")
			}
			if _, stderr, code := output(t, env, "restore", file); code != 1 || !strings.Contains(stderr, "The database is not empty") {
				t.Errorf("exit %d: %s", code, stderr)
			}
		})
	}
}

// noticed waits until a board gets the image that was restored under the running
// server.
func (s *site) noticed(want []byte) {
	s.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		head, body := s.board("v0.0.1")
		if bytes.Equal(body, want) {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("the server goes on answering: %s", head)
		}
	}
}

func TestBackupToStandardOutput(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	s.kill() // commands need no server
	out, stderr, code := output(t, s.env, "backup", "-")
	if code != 0 || !strings.HasPrefix(out, "SQLite format 3\x00") || stderr != "" {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	env := []string{"DATA_DIR=" + t.TempDir()}
	c := command(t, env, "restore", "-")
	c.Stdin = strings.NewReader(out)
	if said, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	there := &site{t: t, env: env, token: s.token, process: start(t, env...)}
	if got := string(there.call("GET", "/api/v1/devices/18fe34aabbcc", "")); !strings.Contains(got, `"platform":"smart-lamp"`) {
		t.Errorf("%s", got)
	}
}

func TestBackupCommandsRefuseInSentences(t *testing.T) {
	dir := t.TempDir()
	env := []string{"DATA_DIR=" + filepath.Join(dir, "data")}
	existing, text := filepath.Join(dir, "existing"), filepath.Join(dir, "text")
	for _, path := range []string{existing, text} {
		if err := os.WriteFile(path, []byte("dear"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	refuse := func(want string, args ...string) {
		t.Helper()
		_, stderr, code := output(t, env, args...)
		if code != 1 || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit %d: %s", args, code, stderr)
		}
	}
	refuse("there is no database in DATA_DIR", "backup", filepath.Join(dir, "new"))
	if _, err := os.Stat(filepath.Join(dir, "data")); !os.IsNotExist(err) {
		t.Error("a backup of nothing left a database")
	}
	start(t, env...).kill()
	refuse("no backup is written over anything", "backup", existing)
	refuse("no backup was written to", "backup", filepath.Join(dir, "missing", "file"))
	refuse("This file is no backup", "restore", text)
	refuse("cannot be read", "restore", filepath.Join(dir, "missing"))
	if data, _ := os.ReadFile(existing); string(data) != "dear" {
		t.Errorf("the file is %q", data)
	}
}
