package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/activity"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// expected are the lines for the workshop.
const expected = `create    platform smart-lamp
create    platform plug
create    platform door-sensor, which was "door_sensor": boards that ask for that find it
publish   smart-lamp v1.0.3 of "smart-lamp_1_0_3.bin" (4.2 KiB), downloads: 12
publish   door-sensor v2.0.0 of "door_sensor_2_0_0.bin" (4.2 KiB), downloads: 0
left out  firmware of plug: "plug_1_0_0.bin" is refused.
permit    A4:CF:12:B3:C4:D5 on smart-lamp, v1.0.2 on 2022-03-01
permit    A4:CF:12:B3:C4:D6 on smart-lamp, never heard
permit    A4:CF:12:B3:C4:D7 on door-sensor, v1.9.9 on 2022-03-01
notice    A4:CF:12:B3:C4:D8 as a new device, since it is on no whitelist, v1.0.2 on 2022-03-01
admit     admin@example.org, an admin, with the password that they have there
admit     bob@example.org, who waits for an admin, since they were none, with the password that they have there
left out  user "joe": people sign in here with their e-mail address
admit     eve@example.org, an admin; their password is kept in a form that cannot be read: make a link with user link --email eve@example.org`

// TestImport moves a workshop to a running server: its boards notice nothing, and
// its people sign in with the passwords that they have.
func TestImport(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		dir, boards := workshop(t)
		env := environment(t, c)
		p := start(t, env...)
		dry, stderr, code := output(t, env, "import", "--dry-run", dir)
		if code != 0 || !strings.Contains(dry, "\nNothing was changed. Without --dry-run this imports ") {
			t.Fatalf("exit %d: %s%s", code, dry, stderr)
		}
		if ok, head := (&boardAsk{"smart-lamp", "v1.0.2", "A4:CF:12:B3:C4:D6", 400, nil}).got(t, p.address); !ok {
			t.Errorf("after a dry run: %s", head)
		}
		out, stderr, code := output(t, env, "import", dir)
		for _, line := range strings.Split(expected, "\n") {
			if code != 0 || !strings.Contains(dry, line) || !strings.Contains(out, line) {
				t.Errorf("exit %d, no %q in:\n%s\n%s%s", code, line, dry, out, stderr)
			}
		}
		if !strings.Contains(out, "\nImported ") {
			t.Errorf("%s%s", out, stderr)
		}
		boards[0].waits(t, p.address)
		for _, b := range boards {
			if ok, head := b.got(t, p.address); !ok {
				t.Errorf("%s %s %s: %s", b.dev, b.ver, b.mac, head)
			}
		}
		signIn(t, p.address, "admin@example.org", "wrong horse", 422)
		signIn(t, p.address, "admin@example.org", "correct horse", 303)
		signIn(t, p.address, "admin@example.org", "correct horse", 303)
		signIn(t, p.address, "bob@example.org", "correct horse", 303)
		out, stderr, code = output(t, env, "import", dir)
		if code != 0 || !strings.Contains(out, "\nNothing to import: ") || strings.Contains(out, "\ncreate ") {
			t.Errorf("exit %d: %s%s", code, out, stderr)
		}
		signIn(t, p.address, "admin@example.org", "correct horse", 303)
	})
}

func signIn(t *testing.T, address, email, password string, want int) {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm("http://"+address+"/session", url.Values{"email": {email}, "password": {password}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != want {
		t.Errorf("%s signs in: %d; want %d", email, resp.StatusCode, want)
	}
}

// environment is that of a program on a database.
func environment(t *testing.T, c db.Config) []string {
	t.Helper()
	if c.URL != "" {
		return []string{"DATA_DIR=" + t.TempDir(), "DATABASE_URL=" + c.URL}
	}
	return []string{"DATA_DIR=" + c.Dir}
}

// everything is what a database holds of what an import writes.
func everything(t *testing.T, d *db.DB) string {
	t.Helper()
	ctx := context.Background()
	platforms, err1 := d.Platforms.List(ctx)
	devices, err2 := d.Devices.Page(ctx, fleet.DeviceQuery{Limit: 100})
	users, err3 := d.Users.List(ctx, 100)
	told, err4 := d.Activity.Page(ctx, activity.Query{Limit: 100})
	happened, err5 := d.History.Latest(ctx, 100)
	all := []any{platforms, devices, users, told, happened}
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	for _, p := range platforms {
		releases, err := d.Releases.List(ctx, p.Name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, releases)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestImportAgain: neither a dry run nor a second run changes anything, and what
// people changed here meanwhile stays.
func TestImportAgain(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		ctx := context.Background()
		dir, _ := workshop(t)
		env, d := environment(t, c), dbtest.Open(t, c)
		empty := everything(t, d)
		if out, stderr, code := output(t, env, "import", dir, "--dry-run"); code != 0 || everything(t, d) != empty {
			t.Fatalf("exit %d after a dry run: %s%s", code, out, stderr)
		}
		if out, stderr, code := output(t, env, "import", dir); code != 0 || everything(t, d) == empty {
			t.Fatalf("exit %d: %s%s", code, out, stderr)
		}
		notes, plug := "Cellar", "plug"
		if err := d.Devices.Edit(ctx, "a4cf12b3c4d5", fleet.DeviceChange{Notes: &notes, Platform: &plug}); err != nil {
			t.Fatal(err)
		}
		if err := d.Platforms.SetNotes(ctx, "smart-lamp", "Mine"); err != nil {
			t.Fatal(err)
		}
		none := ""
		if err := d.Devices.Edit(ctx, "a4cf12b3c4d6", fleet.DeviceChange{Platform: &none}); err != nil {
			t.Fatal(err)
		}
		if err := d.Devices.Forget(ctx, "a4cf12b3c4d7"); err != nil {
			t.Fatal(err)
		}
		before := everything(t, d)
		out, stderr, code := output(t, env, "import", filepath.Join(dir, "db.sqlite"))
		if code != 0 || everything(t, d) != before {
			t.Errorf("exit %d, and it changed something: %s%s\n%s\n%s", code, out, stderr, before, everything(t, d))
		}
		for _, line := range []string{
			"left out  A4:CF:12:B3:C4:D5 on smart-lamp: it is on the whitelist of plug here\n",
			"left out  A4:CF:12:B3:C4:D6 on smart-lamp: somebody took it off a whitelist here\n",
			"left out  A4:CF:12:B3:C4:D7 on door-sensor: somebody took it off a whitelist here\n",
		} {
			if !strings.Contains(out, line) {
				t.Errorf("no %q in:\n%s", line, out)
			}
		}
	})
}

// TestImportWithoutDatabase: a dry run makes none.
func TestImportWithoutDatabase(t *testing.T) {
	dir, _ := workshop(t)
	data := filepath.Join(t.TempDir(), "data")
	if out, stderr, code := output(t, []string{"DATA_DIR=" + data}, "import", dir, "--dry-run"); code != 0 || !strings.Contains(out, "\npublish   smart-lamp v1.0.3") {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("a dry run made the data folder")
	}
}

// TestImportOfPlatformsYML moves in from K. Stobbe's server.
func TestImportOfPlatformsYML(t *testing.T) {
	chase := app("Chase", "v1.0.3")
	dir := folder(t, map[string][]byte{"chase_1_0_3.bin": chase, "old_1_0_0.bin": firmwaretest.ESP8266App("old v1.0.0"), "platforms.yml": []byte(`chase:
  downloads: 3
  file: chase_1_0_3.bin
  uploaded: '2020-01-02'
  version: 1.0.3
  whitelist:
  - a4cf12b3c4d5
  - 1234e5678901
old:
  downloads: 1
  file: old_1_0_0.bin
  uploaded: '2019-01-02'
  version: 1.0.0
  whitelist: null
`)})
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		env, d := environment(t, c), dbtest.Open(t, c)
		out, stderr, code := output(t, env, "import", dir)
		for _, want := range []string{
			"publish   chase v1.0.3 of", "permit    A4:CF:12:B3:C4:D5 on chase, never heard\n", "permit    12:34:E5:67:89:01 on chase, never heard\n",
			"publish   old v1.0.0 of", "note      ", // the file does not say what it is
			"\nImported 2 platforms, 2 releases, 2 devices and 0 users.\n", "There is no admin yet: start the server",
		} {
			if code != 0 || !strings.Contains(out, want) {
				t.Errorf("exit %d, no %q in:\n%s%s", code, want, out, stderr)
			}
		}
		p, err := d.Platforms.Find(context.Background(), "chase")
		if err != nil || p.Downloads != 3 || p.ReleasedAt.Format(time.DateOnly) != "2020-01-02" || p.Devices != 2 {
			t.Errorf("%+v, %v", p, err)
		}
		b := boardAsk{"Chase", "v1.0.2", "12:34:E5:67:89:01", 200, chase}
		b.waits(t, start(t, env...).address)
	})
}
