package db_test

import (
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// filesystem is a publication of a file system of made-up bytes.
func filesystem(name, kind, v, content string) *release.Publication {
	p := publication(name, v, content)
	p.Filesystem, p.Image.Family, p.Image.Running, p.Image.Appended = kind, "", nil, ""
	p.Image.Inspection.Filesystem = &firmware.FilesystemImage{Type: kind}
	return p
}

// TestFilesystemsAreLinesOfTheirOwn holds that the file systems of each type and
// the applications of a platform rise, are pruned, offered, withdrawn and counted
// by themselves.
func TestFilesystemsAreLinesOfTheirOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		publish(t, d, "lamp", "v5.0.0", "app")
		for _, v := range []string{"v1.0.0", "v1.1.0", "v1.2.0"} {
			p := filesystem("lamp", "LittleFS", v, "little "+v)
			p.Keep = 2
			must(t, d.Releases.Publish(ctx, p))
		}
		must(t, d.Releases.Publish(ctx, filesystem("lamp", "FAT", "v0.1.0", "fat")))
		if err := d.Releases.Publish(ctx, filesystem("lamp", "LittleFS", "v1.2.0", "x")); !fault.Is(err, fault.Invalid) {
			t.Errorf("as high a version: %v", err)
		}
		if err := d.Releases.Publish(ctx, filesystem("toaster", "FAT", "v1.0.0", "x")); !fault.Is(err, fault.NotFound) {
			t.Errorf("for no platform: %v", err)
		}
		wantFilesystems(t, d, "FAT v0.1.0 offered, LittleFS v1.2.0 offered, LittleFS v1.1.0, ")
		if got := offered(t, d, "lamp"); got != "v5.0.0" {
			t.Errorf("the application offered is %q", got)
		}
		must(t, d.Releases.Withdraw(ctx, "lamp", "LittleFS", version.ParseLenient("v1.2.0")))
		wantFilesystems(t, d, "FAT v0.1.0 offered, LittleFS v1.2.0, LittleFS v1.1.0 offered, ")
		if err := d.Releases.Withdraw(ctx, "lamp", "", version.ParseLenient("v1.1.0")); !fault.Is(err, fault.Conflict) {
			t.Errorf("withdrawn as an application: %v", err)
		}
		if err := d.Releases.Offer(ctx, "lamp", "FAT", version.ParseLenient("v1.2.0")); !fault.Is(err, fault.NotFound) {
			t.Errorf("offered as another type: %v", err)
		}
		must(t, d.Releases.Offer(ctx, "lamp", "LittleFS", version.ParseLenient("v1.2.0")))
		must(t, d.Devices.CountDownloads(ctx, []fleet.Download{{MAC: mac, Platform: "lamp", Filesystem: "LittleFS", Version: "v1.2.0", At: db.Now()}}))
		r, err := d.Releases.Find(ctx, "lamp", "LittleFS", version.ParseLenient("v1.2.0"))
		if err != nil || r.Downloads != 1 || !r.Offered || r.WithdrawnAt != nil || r.Images[0].Inspection.Filesystem.Type != "LittleFS" {
			t.Errorf("%+v, %v", r, err)
		}
		if list, err := d.Index.Offered(ctx); err != nil || len(list) != 3 || list[0].Filesystem != "" || list[0].Downloads != 0 {
			t.Errorf("offered to boards: %+v, %v", list, err)
		}
		must(t, d.Platforms.Delete(ctx, "lamp"))
		wantFilesystems(t, d, "")
	})
}

func wantFilesystems(t *testing.T, d *db.DB, want string) {
	t.Helper()
	list, err := d.Releases.Filesystems(ctx, "lamp")
	must(t, err)
	got := ""
	for _, r := range list {
		got += r.Filesystem + " " + r.Version.String()
		if r.Offered {
			got += " offered"
		}
		got += ", "
	}
	if got != want {
		t.Errorf("file systems: %s; want %s", got, want)
	}
}

// TestCheckInsForFilesystems holds that they leave what is known of the
// application, also where both are written together, and that their facts come
// back to the index.
func TestCheckInsForFilesystems(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		permit(t, d, mac, "lamp")
		at := db.Now().Add(-time.Hour)
		heard := func(minute int, mode, ver, ip, reason string) fleet.Heard {
			c := &fleet.CheckIn{MAC: mac, Platform: "lamp", Version: ver, IP: ip, At: at.Add(time.Duration(minute) * time.Minute),
				Report: fleet.Report{Family: firmware.ESP8266, Mode: mode, SDKVersion: "2.2.2"}}
			return (&ota.Decision{Answer: fleet.NoUpdate, Reason: ota.Reason(reason), RunsKey: c.RunningVersion().Key()}).Heard(c)
		}
		last := heard(2, "spiffs", "v1.2.0", "192.0.2.2", "newer")
		_, err := d.Devices.Record(ctx, []fleet.Heard{
			heard(0, "spiffs", "v1.1.0", "192.0.2.1", "not-newer"), heard(1, "sketch", "v5.0.0", "192.0.2.1", "same-bytes"), last, heard(3, "sketch", "v5.0.0", "192.0.2.3", "same-bytes"),
		})
		must(t, err)
		got := device(t, d, mac)
		if got.Version != "v5.0.0" || got.VersionKey != version.ParseLenient("v5.0.0").Key() || got.Reason != "same-bytes" || got.Report.Mode != "sketch" || got.IP != "192.0.2.3" || !got.LastSeen.Equal(at.Add(3*time.Minute)) || !got.FirstSeen.Equal(at) {
			t.Errorf("%+v", got)
		}
		if got.Filesystem != (fleet.Filesystem{Mode: "spiffs", Version: "v1.2.0", Reason: "newer"}) {
			t.Errorf("%+v", got.Filesystem)
		}
		_, err = d.Devices.Record(ctx, []fleet.Heard{heard(9, "spiffs", "v1.2.0", "192.0.2.9", "newer")})
		must(t, err)
		if got := device(t, d, mac); got.Version != "v5.0.0" || got.Reason != "same-bytes" || got.IP != "192.0.2.9" || !got.LastSeen.Equal(at.Add(9*time.Minute)) {
			t.Errorf("after a file system alone: %+v", got)
		}
		app, file := heard(3, "sketch", "v5.0.0", "192.0.2.3", "same-bytes"), heard(9, "spiffs", "v1.2.0", "192.0.2.9", "newer")
		must(t, d.Index.Devices(ctx, func(k fleet.Known) {
			if k.Facts != app.Facts() || k.FilesystemFacts != file.Facts() {
				t.Errorf("%+v", k)
			}
		}))
		same, higher, err := d.Releases.Runners(ctx, "lamp", "LittleFS", version.ParseLenient("v1.2.0"))
		if err != nil || same != 1 || higher != 0 {
			t.Errorf("%d have it, %d more, %v", same, higher, err)
		}
	})
}

// TestReleasesOutliveTheMigration holds that a database with releases, from before
// there were file systems, has them all afterwards, and that the way back works.
func TestReleasesOutliveTheMigration(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		const before = 10
		d := dbtest.Open(t, c)
		platform(t, d, "lamp")
		permit(t, d, mac, "lamp")
		publish(t, d, "lamp", "v1.0.0", "one")
		publish(t, d, "lamp", "v1.1.0", "two")
		must(t, d.Releases.Publish(ctx, filesystem("lamp", "FAT", "v9.0.0", "fat")))
		must(t, d.Releases.Withdraw(ctx, "lamp", "", version.ParseLenient("v1.1.0")))
		d.Close()
		down(t, c, before)
		d, err := db.Open(ctx, c)
		must(t, err)
		t.Cleanup(d.Close)
		list, err := d.Releases.List(ctx, "lamp")
		if err != nil || len(list) != 2 || list[0].WithdrawnAt == nil || !list[1].Offered || len(list[1].Images) != 1 || !list[1].Images[0].RunsOn("r1", "") {
			t.Errorf("%+v, %v", list, err)
		}
		if data, err := d.Releases.Bytes(ctx, list[1].Images[0].SHA256); err != nil || string(data) != "one" {
			t.Errorf("%q, %v", data, err)
		}
		wantFilesystems(t, d, "")
		must(t, d.Releases.Publish(ctx, filesystem("lamp", "FAT", "v1.0.0", "fat")))
		publish(t, d, "lamp", "v1.2.0", "three")
		must(t, d.Platforms.Delete(ctx, "lamp"))
		if list, err := d.Releases.List(ctx, "lamp"); err != nil || len(list) != 0 {
			t.Errorf("releases of a platform that is gone: %+v, %v", list, err)
		}
	})
}

// down takes a database back to a schema.
func down(t *testing.T, c db.Config, to int64) {
	t.Helper()
	driver, dsn, dialect := "postgres", c.URL, goose.DialectPostgres
	if c.URL == "" {
		driver, dsn, dialect = "sqlite", "file:"+filepath.Join(c.Dir, "esp-update-server.db")+"?_pragma=foreign_keys(1)", goose.DialectSQLite3
	}
	raw, err := sql.Open(driver, dsn)
	must(t, err)
	defer raw.Close()
	files, err := fs.Sub(os.DirFS("."), "migrations")
	must(t, err)
	p, err := goose.NewProvider(dialect, raw, files, goose.WithDisableGlobalRegistry(true))
	must(t, err)
	_, err = p.DownTo(ctx, to)
	must(t, err)
}
