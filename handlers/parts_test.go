package handlers_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestPartsAreOfOneRelease holds that a client which fetches an image in parts gets
// all of them from the release with which it began, also when another is published
// in between, and the new one afterwards.
func TestPartsAreOfOneRelease(t *testing.T) {
	t.Parallel()
	for name, client := range idfClients {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				sun(t, d)
				address := serve(t, d)
				client.fetch(t, address, oldSun, func(n int) string {
					if n == 1 {
						publishSun(t, d, "v1.2.0", newSun)
						waitForOffer(t, address)
					}
					return address
				})
				untilTaken(t, d)
				client.fetch(t, address, newSun, func(int) string { return address })
				if !client.resumes { // which is sent all bytes at once here
					takesNoHistory(t, d)
				}
			})
		})
	}
}

// takesNoHistory holds that parts are no downloads, and that not each is told of.
func takesNoHistory(t testing.TB, d *db.DB) {
	t.Helper()
	written(t, d, idfBoard)
	happened, err := d.History.Of(context.Background(), idfBoard, 100)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, h := range happened {
		told = append(told, string(h.Event))
	}
	if got := strings.Join(told, " "); got != "offered first-seen permitted" && got != "first-seen offered permitted" {
		t.Errorf("the history tells %s", got)
	}
	list, err := d.Releases.List(context.Background(), "sun")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if r.Downloads > 1 || r.Version.String() == "v1.1.0" && r.Downloads > 0 { // one board takes all of v1.2.0
			t.Errorf("%d downloads of %s are counted", r.Downloads, r.Version)
		}
	}
}

// TestWithdrawnInBetween holds that nobody gets the rest of a release that is not
// to be installed any more, and is told to begin anew.
func TestWithdrawnInBetween(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		sun(t, d)
		publishSun(t, d, "v1.2.0", newSun)
		address := serve(t, d)
		idfAsks(t, address, "HEAD").of(t, 200, newSun)
		idfAsks(t, address, "GET", "Range: bytes=0-65535").of(t, 206, newSun)
		if err := d.Releases.Withdraw(context.Background(), "sun", "", version.ParseLenient("v1.2.0")); err != nil {
			t.Fatal(err)
		}
		late := time.Now().Add(patience)
		p := idfAsks(t, address, "GET", "Range: bytes=65536-131071")
		for ; p.StatusCode == 206 && time.Now().Before(late); time.Sleep(20 * time.Millisecond) {
			p.of(t, 206, newSun)
			p = idfAsks(t, address, "GET", "Range: bytes=65536-131071")
		}
		for range 2 {
			if got := p.Header.Get("Content-Range"); p.StatusCode != 416 || got != "bytes */300000" {
				t.Errorf("%s, %q", p.Status, got)
			}
			p = idfAsks(t, address, "GET", "Range: bytes=65536-")
		}
		idfClients["newest"].fetch(t, address, oldSun, func(int) string { return address })
	})
}

// TestRevokedInBetween holds that whoever is not permitted any more gets no rest.
func TestRevokedInBetween(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	sun(t, d)
	address := serve(t, d)
	idfAsks(t, address, "GET", "Range: bytes=0-65535").of(t, 206, oldSun)
	none := ""
	if _, err := d.Devices.Change(context.Background(), idfBoard, fleet.DeviceChange{Platform: &none}); err != nil {
		t.Fatal(err)
	}
	late := time.Now().Add(patience)
	for status := 0; status != 400; time.Sleep(20 * time.Millisecond) {
		if status = idfAsks(t, address, "GET", "Range: bytes=65536-131071").StatusCode; time.Now().After(late) {
			t.Fatalf("answered %d", status)
		}
	}
	if status := idfAsks(t, address, "HEAD").StatusCode; status != 400 {
		t.Errorf("asked for the size, answered %d", status)
	}
}

// TestPrunedInBetween is the same for a release that is not kept any more.
func TestPrunedInBetween(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		sun(t, d)
		address := serve(t, d)
		idfAsks(t, address, "GET", "Range: bytes=0-65535").of(t, 206, oldSun)
		i := release.Image{SHA256: digest(newSun), MD5: digestMD5(newSun), Size: int64(len(newSun)), Chip: "ESP32-C3", Family: firmware.ESP32,
			Inspection: &firmware.Inspection{}}
		if err := d.Releases.Publish(context.Background(), &release.Publication{Platform: "sun", Version: version.ParseLenient("v1.2.0"), Image: i, Data: newSun, Keep: 1}); err != nil {
			t.Fatal(err)
		}
		waitForOffer(t, address)
		if p := idfAsks(t, address, "GET", "Range: bytes=65536-131071"); p.StatusCode != 416 || p.Header.Get("Content-Range") != "bytes */310000" {
			t.Errorf("%s, %q", p.Status, p.Header.Get("Content-Range"))
		}
		idfClients["resumption"].fetch(t, address, newSun, func(int) string { return address })
	})
}

// TestAllBytesAtOnceCount holds that who asks for all bytes as a part, as a client
// that can go on later does, is counted once it has them.
func TestAllBytesAtOnceCount(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	sun(t, d)
	address := serve(t, d)
	idfAsks(t, address, "GET", "Range: bytes=0-65535").of(t, 206, oldSun)
	idfAsks(t, address, "GET", "Range: bytes=0-").of(t, 206, oldSun)
	soon(t, "a download is counted", func() bool {
		list, err := d.Releases.List(t.Context(), "sun")
		return err == nil && len(list) == 1 && list[0].Downloads == 1
	})
}

// TestSizeAloneHoldsToNothing holds that a board which only polls for the size
// hears of each release.
func TestSizeAloneHoldsToNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	sun(t, d)
	address := serve(t, d)
	idfAsks(t, address, "HEAD").of(t, 200, oldSun)
	idfAsks(t, address, "GET", "Range: bytes=0-0").of(t, 206, oldSun)
	publishSun(t, d, "v1.2.0", newSun)
	untilOffered(t, address, newSun)
	idfAsks(t, address, "GET", "Range: bytes=0-0").of(t, 206, newSun)
}

// TestAWholeDownloadEndsAPin holds that a client which gives up on parts gets what
// is offered, and is held to nothing afterwards.
func TestAWholeDownloadEndsAPin(t *testing.T) {
	t.Parallel()
	c := dbtest.SQLite(t)
	d := dbtest.Open(t, c)
	sun(t, d)
	address := serve(t, d)
	idfAsks(t, address, "GET", "Range: bytes=0-65535").of(t, 206, oldSun)
	publishSun(t, d, "v1.2.0", newSun)
	waitForOffer(t, address)
	idfAsks(t, address, "HEAD").of(t, 200, oldSun)
	if p := idfAsks(t, address, "GET").of(t, 200, newSun); !bytes.Equal(p.body, newSun) {
		t.Errorf("%d bytes", len(p.body))
	}
	untilTaken(t, d)
	publishSun(t, d, "v1.3.0", oldSun)
	soon(t, "the next one is offered", func() bool { return idfAsks(t, address, "HEAD").Header.Get("x-version") == "v1.3.0" })
}

// TestABrokenWholeDownloadGoesOn holds that a client which asked for the size, took
// the image in one go and lost it on the way gets the rest of that image.
func TestABrokenWholeDownloadGoesOn(t *testing.T) {
	t.Parallel()
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		d := dbtest.Open(t, c)
		sun(t, d)
		address := serve(t, d)
		idfAsks(t, address, "HEAD").of(t, 200, oldSun)
		broken, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_ = broken.(*net.TCPConn).SetReadBuffer(4 << 10)
		_, _ = io.WriteString(broken, "GET /update?dev=sun&ver=v1.0.0&mac="+string(idfBoard)+" HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := io.ReadFull(broken, make([]byte, 10_000)); err != nil {
			t.Fatal(err)
		}
		_ = broken.(*net.TCPConn).SetLinger(0)
		_ = broken.Close()
		publishSun(t, d, "v1.2.0", newSun)
		waitForOffer(t, address)
		idfAsks(t, address, "HEAD").of(t, 200, oldSun)
		if p := idfAsks(t, address, "GET", "Range: bytes=9000-299999").of(t, 206, oldSun); !bytes.Equal(p.body, oldSun[9000:]) {
			t.Errorf("%d bytes", len(p.body))
		}
	})
}

// TestAWholeDownloadEndsAPinOfAnotherProcess holds that also who takes the whole
// image elsewhere, or after a restart, is held to nothing afterwards.
func TestAWholeDownloadEndsAPinOfAnotherProcess(t *testing.T) {
	t.Parallel()
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		d := dbtest.Open(t, c)
		sun(t, d)
		idfAsks(t, serve(t, d), "GET", "Range: bytes=0-65535").of(t, 206, oldSun)
		publishSun(t, d, "v1.2.0", newSun)
		address := serve(t, d)
		idfAsks(t, address, "GET").of(t, 200, newSun)
		soon(t, "the pin is gone", func() bool { return dbtest.Count(t, c, "pins") == 0 })
		idfAsks(t, address, "HEAD").of(t, 200, newSun)
	})
}

// TestWhoNeverGetsItAllHearsOfTheNext holds that a board which begins an image
// again and again, since that one never works for it, is not kept from the next.
func TestWhoNeverGetsItAllHearsOfTheNext(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		sun(t, d)
		address := serve(t, d)
		idfAsks(t, address, "GET", "Range: bytes=0-65535").of(t, 206, oldSun)
		publishSun(t, d, "v1.2.0", newSun)
		waitForOffer(t, address)
		for range 2 {
			idfAsks(t, address, "HEAD").of(t, 200, oldSun)
			idfAsks(t, address, "GET", "Range: bytes=0-65535").of(t, 206, oldSun)
		}
		idfAsks(t, address, "HEAD").of(t, 200, newSun)
		idfAsks(t, address, "GET", "Range: bytes=65536-").of(t, 206, oldSun) // it goes on after all, and got so far of that one
		idfClients["newest"].fetch(t, address, newSun, func(int) string { return address })
	})
}

// TestAnyProcessSendsTheNextPart holds that it does not matter which server on one
// database a part is asked of, and that a server may have started in between.
func TestAnyProcessSendsTheNextPart(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"v5.1", "newest, without HEAD", "resumption"} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				sun(t, d)
				here, client := serve(t, d), idfClients[name]
				client.fetch(t, here, oldSun, func(n int) string {
					if n == 1 {
						publishSun(t, d, "v1.2.0", newSun)
						waitForOffer(t, here)
						return serve(t, d)
					}
					if n%2 == 0 {
						return here
					}
					return serve(t, d)
				})
				untilTaken(t, d)
				there := serve(t, d)
				client.fetch(t, there, newSun, func(n int) string { return []string{here, there}[n%2] })
			})
		})
	}
}
