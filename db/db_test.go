package db_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

var ctx = context.Background()

const mac = fleet.MAC("18fe34aabbcc")

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func platform(t *testing.T, d *db.DB, name string) {
	t.Helper()
	must(t, d.Platforms.Create(ctx, name, ""))
}

func permit(t *testing.T, d *db.DB, m fleet.MAC, name string) {
	t.Helper()
	must(t, d.Devices.Add(ctx, m, name, "", "", false))
}

func device(t *testing.T, d *db.DB, m fleet.MAC) *fleet.Device {
	t.Helper()
	found, err := d.Devices.Find(ctx, m)
	must(t, err)
	return found
}

// publication is a release of made-up bytes.
func publication(name, v, content string) *release.Publication {
	parsed, err := version.Parse(v)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256([]byte(content))
	hash := hex.EncodeToString(sum[:])
	return &release.Publication{
		Platform: name, Version: parsed, Data: []byte(content), By: "a@example.com", Keep: 10,
		Image: release.Image{SHA256: hash, MD5: "m", Size: int64(len(content)), Chip: "ESP8266", Family: firmware.ESP8266,
			Running: []string{"r1", "r2"}, Appended: "ap", Inspection: &firmware.Inspection{SHA256: hash, Chip: "ESP8266"}},
	}
}

func publish(t *testing.T, d *db.DB, name, v, content string) {
	t.Helper()
	must(t, d.Releases.Publish(ctx, publication(name, v, content)))
}

func checkIn(t *testing.T, d *db.DB, m fleet.MAC, dev, ver string, at time.Time, a fleet.Answer) {
	t.Helper()
	c := &fleet.CheckIn{MAC: m, Platform: dev, Version: ver, IP: "192.0.2.7", At: at,
		Report: fleet.Report{Family: firmware.ESP8266, FreeSpace: 4096, SDKVersion: "2.2.2"}}
	record(t, d, c, ota.Decision{Answer: a, Reason: "r", RunsKey: c.RunningVersion().Key()})
}

func TestTimesComeBackAsTheyWere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, at := range []time.Time{db.Now(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(2026, 7, 2, 3, 4, 5, 120000, time.UTC)} {
			checkIn(t, d, mac, "lamp", "1", at, fleet.Refusal)
			got := device(t, d, mac).LastSeen
			if got == nil || !got.Equal(at) || got.Location() != time.UTC && got.Format("-0700") != "+0000" {
				t.Errorf("%v came back as %v", at, got)
			}
		}
	})
}

func TestCheckInsMakeNewDevices(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		first, later := db.Now().Add(-time.Hour), db.Now()
		checkIn(t, d, mac, "LAMP", "v1.0.2", first, fleet.Refusal)
		checkIn(t, d, mac, "LAMP", "dev", later, fleet.Refusal)
		got := device(t, d, mac)
		if !got.FirstSeen.Equal(first) || !got.LastSeen.Equal(later) || got.Version != "dev" || got.VersionKey != "" {
			t.Errorf("%+v", got)
		}
		if got.State(later) != fleet.New || got.RequestedPlatform != "LAMP" || got.IP != "192.0.2.7" || got.Report.FreeSpace != 4096 {
			t.Errorf("%+v", got)
		}
		if n, err := d.Devices.CountNew(ctx); err != nil || n != 1 {
			t.Errorf("%d new devices, %v", n, err)
		}
	})
}

func TestNewDevicesAreBounded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		permit(t, d, "000000000001", "lamp")
		notes := "kept for its notes"
		_, err := d.Devices.Change(ctx, "000000000002", fleet.DeviceChange{Notes: &notes})
		must(t, err)
		for i, m := range []fleet.MAC{"00000000000a", "00000000000b", "00000000000c"} {
			checkIn(t, d, m, "lamp", "1", db.Now().Add(time.Duration(i)*time.Second), fleet.Refusal)
		}
		must(t, d.Devices.DropOldestNew(ctx, 2))
		list, err := d.Devices.List(ctx, fleet.DeviceQuery{})
		must(t, err)
		var left []fleet.MAC
		for _, x := range list {
			left = append(left, x.MAC)
		}
		if len(left) != 4 || left[0] != "000000000001" || left[1] != "000000000002" || left[2] != "00000000000b" {
			t.Errorf("left are %v", left)
		}
	})
}

func TestWhitelist(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		platform(t, d, "plug")
		must(t, d.Devices.Add(ctx, mac, "lamp", "in the hall", "", false))
		if err := d.Devices.Add(ctx, mac, "plug", "", "", false); !fault.Is(err, fault.Conflict) {
			t.Errorf("a device of another whitelist was added: %v", err)
		}
		must(t, d.Devices.Add(ctx, mac, "plug", "", "", true))
		if got := device(t, d, mac); got.Platform != "plug" || got.Notes != "in the hall" {
			t.Errorf("%+v", got)
		}
		none := ""
		must(t, d.Devices.Edit(ctx, mac, fleet.DeviceChange{Platform: &none}))
		if got := device(t, d, mac); got.Platform != "" || got.Notes != "in the hall" {
			t.Errorf("revoking lost something: %+v", got)
		}
		missing := "toaster"
		if err := d.Devices.Edit(ctx, mac, fleet.DeviceChange{Platform: &missing}); fault.Of(err) == nil || fault.Of(err).Fields["platform"] == "" {
			t.Errorf("a platform that is not there: %v", err)
		}
		if err := d.Devices.Edit(ctx, "000000000009", fleet.DeviceChange{}); !fault.Is(err, fault.NotFound) {
			t.Errorf("a device that is not there: %v", err)
		}
		must(t, d.Devices.Forget(ctx, mac))
		if err := d.Devices.Forget(ctx, mac); !fault.Is(err, fault.NotFound) {
			t.Errorf("forgotten twice: %v", err)
		}
	})
}

// TestStates holds the state in SQL to the state in Go.
func TestStates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		publish(t, d, "lamp", "v1.0.2", "image")
		now := db.Now()
		for m, s := range map[fleet.MAC]struct {
			ver   string
			at    time.Time
			a     fleet.Answer
			on    bool
			state fleet.State
		}{
			"000000000001": {"v1.0.2", now, fleet.Refusal, false, fleet.New},
			"000000000002": {"", time.Time{}, "", true, fleet.Waiting},
			"000000000003": {"v1.0.2", now.Add(-8 * 24 * time.Hour), fleet.Refusal, true, fleet.Silent},
			"000000000004": {"v1.0.1", now, fleet.Refusal, true, fleet.Refused},
			"000000000005": {"v1.0.1", now, fleet.Offer, true, fleet.Behind},
			"000000000006": {"dev", now, fleet.Offer, true, fleet.Behind},
			"000000000007": {"v1.0.2", now, fleet.NoUpdate, true, fleet.UpToDate},
			"000000000008": {"v1.0.10", now, fleet.NoUpdate, true, fleet.UpToDate},
		} {
			if s.on {
				permit(t, d, m, "lamp")
			}
			if !s.at.IsZero() {
				checkIn(t, d, m, "lamp", s.ver, s.at, s.a)
			}
			if got := device(t, d, m).State(now); got != s.state {
				t.Errorf("%s is %s; want %s", m, got, s.state)
			}
			list, err := d.Devices.List(ctx, fleet.DeviceQuery{State: s.state})
			must(t, err)
			if !has(list, m) {
				t.Errorf("%s is not listed as %s", m, s.state)
			}
		}
	})
}

func has(list []fleet.Device, m fleet.MAC) bool {
	for _, x := range list {
		if x.MAC == m {
			return true
		}
	}
	return false
}

func TestSearchAndPaging(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		must(t, d.Devices.Add(ctx, "aabbccddee01", "lamp", "Kitchen 100%", "", false))
		must(t, d.Devices.Add(ctx, "aabbccddee02", "lamp", "hall_way", "", false))
		checkIn(t, d, "aabbccddee03", "PLUG", "v1.2.3", db.Now(), fleet.Refusal)
		must(t, d.Devices.Add(ctx, "000000000004", "lamp", "Moved 2026.11.05, 26-11-23 at 12:30:45 from 192.168.0.7, runs v1.0.2-abcdef", "", false))
		for q, want := range map[string]int{
			"kitchen": 1, "KITCHEN": 1, "100%": 1, "%": 1, "l_w": 1, "_": 1, "aa:bb:cc": 3, "DD-EE-02": 1, "plug": 1, "192.0": 1, "1.2.3": 1, "lamp": 3, "nothing": 0, "-": 1, "'": 0,
			"192.0.2": 1, "192.168": 1, "2026.11": 1, "26-11-23": 1, "12:30:45": 1, "v1.0.2-abcdef": 1,
		} {
			list, err := d.Devices.List(ctx, fleet.DeviceQuery{Search: q})
			if err != nil || len(list) != want {
				t.Errorf("%q finds %d, %v; want %d", q, len(list), err, want)
			}
		}
		list, err := d.Devices.List(ctx, fleet.DeviceQuery{Limit: 1, After: "aabbccddee01"})
		if err != nil || len(list) != 1 || list[0].MAC != "aabbccddee02" {
			t.Errorf("%v, %v", list, err)
		}
	})
}

func TestPlatforms(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		if err := d.Platforms.Create(ctx, "lamp", ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("created twice: %v", err)
		}
		must(t, d.Platforms.SetNotes(ctx, "lamp", "a note"))
		must(t, d.Devices.Add(ctx, mac, "lamp", "keep me", "", false))
		publish(t, d, "lamp", "v1.0.2", "image")
		p, err := d.Platforms.Find(ctx, "lamp")
		must(t, err)
		if p.Notes != "a note" || p.Devices != 1 || p.Version != "v1.0.2" || p.ReleasedAt == nil {
			t.Errorf("%+v", p)
		}
		must(t, d.Platforms.Delete(ctx, "lamp"))
		if got := device(t, d, mac); got.Platform != "" || got.Notes != "keep me" {
			t.Errorf("%+v", got)
		}
		if _, err := d.Releases.Bytes(ctx, publication("lamp", "v1.0.2", "image").Image.SHA256); !fault.Is(err, fault.NotFound) {
			t.Errorf("the image of a deleted platform is kept: %v", err)
		}
		for _, err := range []error{d.Platforms.Delete(ctx, "lamp"), d.Platforms.SetNotes(ctx, "lamp", "")} {
			if !fault.Is(err, fault.NotFound) {
				t.Error(err)
			}
		}
	})
}
