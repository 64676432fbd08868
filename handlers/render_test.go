package handlers_test

import (
	"bytes"
	"sync"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/db/dbtest"
)

// TestFirstPagesTogether asks a server that has just begun for many pages at
// once: what it makes ready on its first page must not be made by two. Only the
// race detector sees most of that.
func TestFirstPagesTogether(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	signedIn(t, d, account.Admin)
	for range 5 {
		address := serve(t, d)
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				a := say(t, address, head("GET /session/new HTTP/1.1", "Host: x", "Connection: close"))
				if statusIn(a) != "200" || !bytes.Contains(a, []byte("Content-Type: text/html; charset=utf-8\r\n")) || !bytes.Contains(a, []byte("</html>")) {
					t.Errorf("answered %.300q", a)
				}
			})
		}
		wg.Wait()
	}
}
