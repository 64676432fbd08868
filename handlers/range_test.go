package handlers_test

import (
	"strings"
	"testing"

	"esp-update-server/db/dbtest"
)

// TestHeadHasNoParts holds that a HEAD which kept the Range of the download before
// it is told the size of the whole.
func TestHeadHasNoParts(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	sun(t, d)
	address := serve(t, d)
	for _, asked := range []string{"bytes=0-5", "bytes=65536-", "bytes=300000-"} {
		if p := idfAsks(t, address, "HEAD", "Range: "+asked).of(t, 200, oldSun); p.ContentLength != int64(len(oldSun)) || p.Header.Get("Content-Range") != "" {
			t.Errorf("%s: %d bytes, %q", asked, p.ContentLength, p.Header.Get("Content-Range"))
		}
	}
	if p := idfAsks(t, address, "GET", "Range: Bytes=0-5").of(t, 206, oldSun); len(p.body) != 6 {
		t.Errorf("%d bytes", len(p.body))
	}
	if p := idfAsks(t, address, "GET", "Range: bytes=300000-"); p.StatusCode != 416 || !strings.HasPrefix(string(p.body), "Error: what was asked for is not in the image, which has 300000 bytes") {
		t.Errorf("%s, %q", p.Status, p.body)
	}
}
