package db_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

func save(t *testing.T, c db.Config) (path string) {
	t.Helper()
	d := dbtest.Open(t, c)
	defer d.Close()
	path = filepath.Join(t.TempDir(), "backup")
	must(t, d.Backups.Save(ctx, path))
	return path
}

func restore(t *testing.T, c db.Config, path string) error {
	t.Helper()
	d := dbtest.Open(t, c)
	defer d.Close()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	return d.Backups.Restore(ctx, f)
}

// TestEveryTableIsTakenOrLeftOut holds that a table or column which is new on
// either engine is in backups, or on the list of those that are not.
func TestEveryTableIsTakenOrLeftOut(t *testing.T) {
	lite := schema(t)
	c := dbtest.Postgres(t)
	d := dbtest.Open(t, c)
	taken, err := d.Backups.Taken(ctx)
	must(t, err)
	pg := raw(t, c)
	names := texts(t, pg, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name`)
	if want := slices.Sorted(maps.Keys(lite)); !slices.Equal(names, want) {
		t.Errorf("the engines have other tables:\n%v\n%v", names, want)
	}
	for _, name := range names {
		if db.LeftOut[name] != "" {
			continue
		}
		columns := texts(t, pg, `SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER' ORDER BY column_name`, name)
		if got := slices.Sorted(slices.Values(taken[name])); !slices.Equal(got, columns) {
			t.Errorf("of %s a backup takes %v; there are %v", name, got, columns)
		}
	}
	for name, reason := range db.LeftOut {
		if !slices.Contains(names, name) || reason == "" || taken[name] != nil {
			t.Errorf("%s is left out because %q, and taken: %v", name, reason, taken[name])
		}
	}
}

func TestBackupAndRestore(t *testing.T) {
	engines := map[string]func(testing.TB) db.Config{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres}
	for from, to := range map[string]string{"sqlite": "postgres", "postgres": "sqlite"} {
		t.Run(from+" to "+to+" and back", func(t *testing.T) {
			a, b, back := engines[from](t), engines[to](t), engines[from](t)
			dbtest.Open(t, a).Close()
			populate(t, a)
			dbtest.Fill(t, a, 1000)
			path := save(t, a)
			want := dump(t, a)
			must(t, restore(t, b, path))
			sameRows(t, restored(t, b), want)
			path = save(t, b)
			want = dump(t, b)
			must(t, restore(t, back, path))
			sameRows(t, restored(t, back), want)
		})
	}
}

// restored is dump without the line that tells of the restore itself, the newest.
func restored(t *testing.T, c db.Config) map[string][]string {
	t.Helper()
	rows := dump(t, c)
	for i, row := range slices.Backward(rows["activity"]) {
		if strings.Contains(row, string(activity.BackupRestored)) {
			rows["activity"] = slices.Delete(rows["activity"], i, i+1)
			return rows
		}
	}
	t.Error("that a backup was restored is not told")
	return rows
}

func TestBackupHoldsNoTraceOfWhatIsLeftOut(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		dbtest.Open(t, c).Close()
		populate(t, c)
		unpublished := strings.Repeat("only in a draft", 1000)
		_, err := raw(t, c).Exec(`INSERT INTO images (sha256, size, data, created_at) VALUES ('draft', 1, $1, $2)`, []byte(unpublished), db.Now())
		must(t, err)
		path := save(t, c)
		data, err := os.ReadFile(path)
		must(t, err)
		for _, secret := range []string{marker, "only in a draft"} {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%q is in the file", secret)
			}
		}
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("others may read the file: %v", info.Mode())
		}
		if left, _ := filepath.Glob(filepath.Join(c.Dir, ".esp-update-server-backup-*")); c.Dir != "" && len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

// TestBackupIsOneMoment holds that a backup has all of a change or nothing of
// it, also when its parts are in tables that are copied one after the other.
func TestBackupIsOneMoment(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		d := dbtest.Open(t, c)
		dbtest.Fill(t, c, 2000)
		writer, wrote, ctx := raw(t, c), make(chan struct{}, 1), t.Context()
		ctx, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		wg.Go(func() {
			defer close(wrote)
			for n := 0; ctx.Err() == nil; n++ {
				if err := writePair(writer, n); err != nil {
					t.Error(err)
					return
				}
				select {
				case wrote <- struct{}{}:
				default:
				}
				time.Sleep(20 * time.Millisecond) // SQLite gives the lock to whoever asks first, not to who waits longest
			}
		})
		for n := range 3 {
			<-wrote
			path := filepath.Join(t.TempDir(), fmt.Sprint(n))
			must(t, d.Backups.Save(ctx, path))
			there := dbtest.SQLite(t)
			must(t, restore(t, there, path))
			rows := dump(t, there)
			if first, last := len(rows["checkin_minutes"]), len(rows["history"]); first == 0 || first != last {
				t.Errorf("%d and %d rows of changes that write one of each", first, last)
			}
		}
		stop()
		wg.Wait()
	})
}

func writePair(d *sql.DB, n int) error {
	tx, err := d.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	at := time.Date(2026, 1, 1, 0, n, 0, 0, time.UTC)
	if _, err := tx.Exec(`INSERT INTO history (mac, at, event) VALUES ('18fe34aabbcc', $1, 'updated')`, at); err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO checkin_minutes (minute, count) VALUES ($1, 1)`, at); err != nil {
		return err
	}
	return tx.Commit()
}

// TestDamagedBackupIsRefused holds that of a file which is no whole backup
// nothing is restored.
func TestDamagedBackupIsRefused(t *testing.T) {
	source := dbtest.SQLite(t)
	dbtest.Open(t, source).Close()
	populate(t, source)
	dbtest.Fill(t, source, 500)
	whole, err := os.ReadFile(save(t, source))
	must(t, err)
	flipped := bytes.Clone(whole)
	flipped[bytes.Index(flipped, bytes.Repeat([]byte{1, 0, 0xff}, 1000))+1500] ^= 1
	database, err := os.ReadFile(filepath.Join(source.Dir, "esp-update-server.db"))
	must(t, err)
	files := map[string][]byte{
		"empty": nil, "text": []byte("mac,platform\n"), "half": whole[:len(whole)/2], "without its last page": whole[:len(whole)-4096],
		"without its last byte": whole[:len(whole)-1], "an image that is not what it was": flipped, "a database that is no backup": database,
		"noise behind the header": append(bytes.Clone(whole[:4096]), bytes.Repeat([]byte{7}, len(whole)-4096)...),
	}
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		dbtest.Open(t, c).Close()
		before := dump(t, c)
		for name, data := range files {
			path := filepath.Join(t.TempDir(), "file")
			must(t, os.WriteFile(path, data, 0o600))
			if err := restore(t, c, path); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		sameRows(t, dump(t, c), before)
		path := filepath.Join(t.TempDir(), "whole")
		must(t, os.WriteFile(path, whole, 0o600))
		must(t, restore(t, c, path))
		if err := restore(t, c, path); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second restore: %v", err)
		}
	})
}

func TestBackupOfOtherVersions(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		older := filepath.Join(t.TempDir(), "older")
		must(t, db.SaveOld(ctx, t.TempDir(), older, 2, `INSERT INTO platforms (name, created_at) VALUES ('lamp', '2021-11-11 00:00:00+00:00')`))
		must(t, restore(t, c, older))
		d := dbtest.Open(t, c)
		if p, err := d.Platforms.Find(ctx, "lamp"); err != nil || p.CreatedAt.Year() != 2021 {
			t.Errorf("%+v, %v", p, err)
		}
	})
	newer, c := filepath.Join(t.TempDir(), "newer"), dbtest.SQLite(t)
	must(t, db.SaveOld(ctx, t.TempDir(), newer, 2, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`))
	if err := restore(t, c, newer); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("a newer backup: %v", err)
	}
}

func TestBackupOverwritesNothing(t *testing.T) {
	c := dbtest.SQLite(t)
	d, path := dbtest.Open(t, c), filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, []byte("dear"), 0o600))
	err := d.Backups.Save(ctx, path)
	if data, _ := os.ReadFile(path); !errors.Is(err, fs.ErrExist) || string(data) != "dear" {
		t.Errorf("%v; the file is %q", err, data)
	}
	left := func() []string {
		list, _ := filepath.Glob(filepath.Join(c.Dir, ".esp-update-server-backup-*"))
		return list
	}
	f, size, err := d.Backups.Open(ctx)
	must(t, err)
	data, err := io.ReadAll(f)
	if err != nil || int64(len(data)) != size || !strings.HasPrefix(string(data), "SQLite format 3") || len(left()) != 1 {
		t.Errorf("%d bytes of %d, %v", len(data), size, err)
	}
	must(t, f.Close())
	if len(left()) != 0 {
		t.Errorf("left behind: %v", left())
	}
}

func TestSizes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		before, images, err := d.Backups.Sizes(ctx)
		if err != nil || before < 100_000 || images != 0 {
			t.Errorf("%d, %d, %v", before, images, err)
		}
		noise := make([]byte, 1<<20)
		_, _ = rand.Read(noise) // which no engine packs
		must(t, d.Exec(`INSERT INTO images (sha256, size, data, created_at) VALUES ('a', $1, $2, $3)`, len(noise), noise, db.Now()))
		after, images, err := d.Backups.Sizes(ctx)
		const free = 64 << 10 // what migrations left of tables that they made anew, and is used first
		if err != nil || after < before+1<<20-free || images != 1<<20 {
			t.Errorf("from %d to %d, %d, %v", before, after, images, err)
		}
	})
}
