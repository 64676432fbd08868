package db_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"esp-update-server/app/original"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

func TestReadOriginal(t *testing.T) {
	path := dbtest.Original(t, t.TempDir(),
		`INSERT INTO user VALUES (7, 'admin@example.org', 'sha256$salt$00', 'Admin', 1), (8, 'bob@example.org', NULL, NULL, NULL)`,
		`INSERT INTO platform VALUES (3, 'smart-lamp', '1.0.3', '2022-01-02 10:11:12.123456', 'Hall', 'smart-lamp_1_0_3.bin', 12), (5, 'plug', NULL, NULL, NULL, NULL, NULL)`,
		`INSERT INTO device VALUES (1, 3, '1.0.2', '10.0.0.5', '2021-12-01 08:00:00', '2022-03-01 09:10:11.5', 'Room 1', 'a4cf12b3c4d5', 'Smart-Lamp'),
  (2, NULL, NULL, NULL, NULL, NULL, NULL, 'a4cf12b3c4d6', NULL)`)
	in, err := db.ReadOriginal(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	want := &original.Installation{
		Users: []original.User{{Email: "admin@example.org", Name: "Admin", Password: "sha256$salt$00", Admin: true}, {Email: "bob@example.org"}},
		Platforms: []original.Platform{
			{Number: 3, Name: "smart-lamp", Notes: "Hall", Version: "1.0.3", File: "smart-lamp_1_0_3.bin", Uploaded: "2022-01-02 10:11:12.123456", Downloads: 12},
			{Number: 5, Name: "plug"},
		},
		Devices: []original.Device{
			{MAC: "a4cf12b3c4d5", Platform: 3, Version: "1.0.2", Requested: "Smart-Lamp", IP: "10.0.0.5", FirstSeen: "2021-12-01 08:00:00", LastSeen: "2022-03-01 09:10:11.5", Notes: "Room 1"},
			{MAC: "a4cf12b3c4d6"},
		},
	}
	if !reflect.DeepEqual(in, want) {
		t.Errorf("%+v\nwant %+v", in, want)
	}
}

// TestReadOriginalOfOld reads a database that its first versions made, which had
// fewer columns.
func TestReadOriginalOfOld(t *testing.T) {
	path := dbtest.SQLiteFile(t, t.TempDir(),
		`CREATE TABLE user (id INTEGER PRIMARY KEY, email VARCHAR(100), password VARCHAR(100), name VARCHAR(1000))`,
		`CREATE TABLE platform (id INTEGER PRIMARY KEY, name VARCHAR(100), version VARCHAR(100), file VARCHAR(100))`,
		`CREATE TABLE device (id INTEGER PRIMARY KEY, type INTEGER, version VARCHAR(100), mac VARCHAR(17))`,
		`INSERT INTO user VALUES (1, 'a@example.org', 'x', 'A')`, `INSERT INTO platform VALUES (1, 'lamp', '1.0.0', 'f')`, `INSERT INTO device VALUES (1, 1, '1.0.0', 'a4cf12b3c4d5')`)
	in, err := db.ReadOriginal(context.Background(), path)
	if err != nil || len(in.Users) != 1 || in.Users[0].Admin || len(in.Platforms) != 1 || in.Platforms[0].File != "f" || len(in.Devices) != 1 || in.Devices[0].Platform != 1 {
		t.Errorf("%+v, %v", in, err)
	}
}

// TestReadOriginalBounds reads values of types and sizes that the original never
// wrote.
func TestReadOriginalBounds(t *testing.T) {
	path := dbtest.Original(t, t.TempDir(),
		`INSERT INTO user VALUES (1, x'ff00fe', 5, zeroblob(50000000), 1)`,
		`INSERT INTO platform VALUES (1, zeroblob(50000000), 1.5, x'00', 'n', replace(hex(zeroblob(5000)), '00', 'ä'), 'many')`,
		`INSERT INTO device VALUES (1, 'lamp', 'v', 1, 2, 3, 4, x'61', 9e999)`)
	in, err := db.ReadOriginal(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	if p := in.Platforms[0]; len([]rune(p.Name)) > original.MaxText || len([]rune(p.File)) != original.MaxText || p.Version != "1.5" || p.Downloads != 0 {
		t.Errorf("%d %d %q %d", len(p.Name), len(p.File), p.Version, p.Downloads)
	}
	if d := in.Devices[0]; d.Platform != 0 || d.MAC != "a" || d.IP != "1" {
		t.Errorf("%+v", d)
	}
}

func TestReadOriginalRefuses(t *testing.T) {
	user, platform := `CREATE TABLE user (id INTEGER PRIMARY KEY, email, password)`, `CREATE TABLE platform (id INTEGER PRIMARY KEY, name)`
	endless := `SELECT name, name AS id FROM (WITH RECURSIVE n(name) AS (SELECT 1 UNION ALL SELECT name + 1 FROM n) SELECT name FROM n)`
	for want, statements := range map[string][]string{
		"no table platform":             {`CREATE TABLE other (id)`},
		"no table device":               {user, platform, `CREATE VIEW device AS ` + endless},
		"table platform has no column":  {user, `CREATE TABLE platform (id INTEGER PRIMARY KEY)`},
		"more than 10000 platforms":     {user, platform, `CREATE TABLE device (id INTEGER PRIMARY KEY, mac)`, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001) INSERT INTO platform SELECT i, i FROM n`},
		"table user has no column pass": {`CREATE TABLE user (id INTEGER PRIMARY KEY, email, password AS (hex(zeroblob(100000000))))`, platform, `CREATE TABLE device (id INTEGER PRIMARY KEY, mac)`},
	} {
		path := dbtest.SQLiteFile(t, t.TempDir(), statements...)
		if _, err := db.ReadOriginal(context.Background(), path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}

func TestReadOriginalDamaged(t *testing.T) {
	path := dbtest.Original(t, t.TempDir(), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO device (mac, notes) SELECT printf('%012x', i), 'notes' FROM n`)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	torn := append([]byte{}, whole...)
	for i := 8192; i < len(torn); i++ {
		torn[i] = byte(i * 7)
	}
	for what, c := range map[string]struct {
		data []byte
		want string
	}{
		"another file": {[]byte(strings.Repeat("hello ", 1000)), "no SQLite database"}, "empty": {nil, "no table platform"},
		"cut off": {whole[:len(whole)/2], "damaged"}, "overwritten": {torn, "damaged"},
	} {
		file := filepath.Join(t.TempDir(), "db.sqlite")
		if err := os.WriteFile(file, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ReadOriginal(context.Background(), file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestReadOriginalWritesNothing reads a database that nobody may write to, and
// leaves nothing beside it.
func TestReadOriginalWritesNothing(t *testing.T) {
	dir := t.TempDir()
	path := dbtest.Original(t, dir)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ReadOriginal(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	after, _ := os.ReadFile(path)
	entries, _ := os.ReadDir(dir)
	if string(after) != string(before) || len(entries) != 1 {
		t.Errorf("changed: %v", fmt.Sprint(entries))
	}
}
