package handlers_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/db/dbtest"
)

// bounded is a request that goes beyond a bound, and its answer.
type bounded struct {
	name     string
	request  string
	status   string
	sentence string
}

func posted(path, kind, credentials, body string) string {
	return head("POST "+path+" HTTP/1.1", "Host: x", "Connection: close", "Content-Type: "+kind, credentials, fmt.Sprintf("Content-Length: %d", len(body))) + body
}

const formType = "application/x-www-form-urlencoded"

// manyParts is a form with more parts than an upload has.
func manyParts(t *testing.T, n int, value string) (kind, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := range n {
		if err := w.WriteField(fmt.Sprintf("field%d", i), value); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

// TestBounds goes beyond each bound of what a request may be, as who may send
// it, and is told so.
func TestBounds(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	world(t, d)
	cookie := "Cookie: " + signedIn(t, d, account.Admin)
	bearer := "Authorization: Bearer " + token(t, d, account.Admin, account.Write)
	address := serve(t, d)
	manyKind, many := manyParts(t, 1000, "")
	longKind, longField := manyParts(t, 1, strings.Repeat("a", 100_000))
	endless := "--b\r\nContent-Disposition: form-data; name=file; filename=x.bin\r\n\r\n" + strings.Repeat("\xE9", 5<<20) + "\r\n--b--\r\n"
	headers := "--b\r\n" + strings.Repeat("X-A: b\r\n", 200_000) + "\r\nx\r\n--b--\r\n"
	for _, b := range []bounded{
		{"a form", posted("/platforms", formType, cookie, "notes="+strings.Repeat("a", 300<<10)), "413", "larger than 256 KiB"},
		{"JSON", posted("/api/v1/platforms", "application/json", bearer, `{"name":"`+strings.Repeat("a", 300<<10)+`"}`), "413", "larger than 256 KiB"},
		{"a pasted list", posted("/devices/import", formType, cookie, "list="+strings.Repeat("a", 1100<<10)), "413", "larger than 1024 KiB"},
		{"a file on the page", posted("/uploads", "multipart/form-data; boundary=b", cookie, endless), "422", "larger than"},
		{"a file by a script", posted("/api/v1/firmware", "multipart/form-data; boundary=b", bearer, endless), "413", "larger than"},
		{"the request line", head("GET /devices?q="+strings.Repeat("a", 9000)+" HTTP/1.1", "Host: x", cookie), "431", "headers are too large"},
		{"a header", head("GET /devices HTTP/1.1", "Host: x", cookie, "X-A: "+strings.Repeat("a", 9000)), "431", "headers are too large"},
		{"a name", posted("/platforms", formType, cookie, "name="+strings.Repeat("a", 65)), "422", "at most 64 characters"},
		{"notes", posted("/platforms", formType, cookie, "name=x&notes="+strings.Repeat("a", 2001)), "422", "at most 2000 characters"},
		{"notes by a script", posted("/api/v1/platforms", "application/json", bearer, `{"name":"x","notes":"`+strings.Repeat("a", 2001)+`"}`), "422", "at most 2000 characters"},
		{"an address", posted("/session", formType, "X-A: b", "password=x&email="+strings.Repeat("a", 300)+"@example.com"), "422", "wrong"},
		{"a password", posted("/session", formType, "X-A: b", "email=admin@example.com&password="+strings.Repeat("a", 200_000)), "422", "wrong"},
		{"parameters of a form", posted("/platforms", formType, cookie, strings.Repeat("a=b&", 60_000)+"name=a_b"), "422", "name it a-b"},
		{"parameters of an address", head("GET /devices?"+strings.Repeat("q=b&", 1900)+" HTTP/1.1", "Host: x", "Connection: close", cookie), "200", ""},
		{"parts of a form", posted("/uploads", manyKind, cookie, many), "422", "No file came"},
		{"parts of a plain form", posted("/platforms", manyKind, cookie, many), "422", "needs a name"},
		{"a field beside a file", posted("/api/v1/firmware", longKind, bearer, longField), "422", "longer than 4096 bytes"},
		{"headers of a part", posted("/uploads", "multipart/form-data; boundary=b", cookie, headers), "422", ""},
		{"depth of JSON", posted("/api/v1/platforms", "application/json", bearer, `{"name":`+strings.Repeat("[", 200_000)), "400", "could not be read"},
		{"depth of JSON that is none of ours", posted("/api/v1/platforms", "application/json", bearer, `{"x":`+strings.Repeat(`{"x":`, 40_000)+"1"+strings.Repeat("}", 40_001)), "400", "could not be read"},
		{"lines of a list", posted("/devices/import", formType, cookie, "list="+strings.Repeat("x%0A", 300_000)), "413", "larger than 1024 KiB"},
		{"a page of a list", head("GET /api/v1/devices?limit=1000000000 HTTP/1.1", "Host: x", "Connection: close", bearer), "422", "limit"},
	} {
		t.Run(b.name, func(t *testing.T) {
			answer := provoke(t, address, b.request)
			if statusIn(answer) != b.status || !bytes.Contains(answer, []byte(b.sentence)) || bytes.Count(answer, []byte("HTTP/1.1 ")) != 1 {
				t.Errorf("answered %.1500q; want %s and %q", answer, b.status, b.sentence)
			}
			servesBoards(t, address)
		})
	}
}

// TestGuessesBeyondTheBound holds that who guesses on is told when to come back.
func TestGuessesBeyondTheBound(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	world(t, d)
	signedIn(t, d, account.Admin)
	address := serve(t, d)
	guess := posted("/session", formType, "X-A: b", url.Values{"email": {"admin@example.com"}, "password": {"a guess"}}.Encode())
	for range account.AccountFrom.Free + 1 {
		if s := statusIn(provoke(t, address, guess)); s != "422" {
			t.Fatalf("a guess got %s", s)
		}
	}
	if answer := provoke(t, address, guess); statusIn(answer) != "429" || !bytes.Contains(answer, []byte("Retry-After: ")) {
		t.Errorf("one guess more got %.300q", answer)
	}
	servesBoards(t, address)
}

// TestSlowRequestsAreTold sends requests that never end, all at once: each is
// let go of, and who began one is told why.
func TestSlowRequestsAreTold(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	world(t, d)
	address := serve(t, d)
	var wg sync.WaitGroup
	for _, s := range []struct{ name, begin, drip, status string }{
		{"silence", "", "", "408"},
		{"a line that does not end", "GET /upd", "a", "408"},
		{"headers without end", "GET /update HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n", "408"},
		{"a body that does not come", "POST /session HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", "", "408"},
		{"a body in drips", "POST /session HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", "a", "408"},
	} {
		wg.Go(func() {
			start := time.Now()
			answer, ended := dripping(t, address, s.begin, s.drip)
			if !ended || statusIn(answer) != s.status {
				t.Errorf("%s: after %s answered %.300q; want %s", s.name, time.Since(start), answer, s.status)
			}
		})
	}
	wg.Wait()
	servesBoards(t, address)
}

// dripping sends the beginning of a request and then a little again and again,
// until the server hangs up.
func dripping(t *testing.T, address, begin, drip string) (answer []byte, ended bool) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return nil, false
	}
	defer c.Close()
	_, _ = io.WriteString(c, begin)
	_ = c.SetReadDeadline(time.Now().Add(patience))
	done := make(chan struct{})
	defer close(done)
	go func() {
		for every := time.NewTicker(500 * time.Millisecond); drip != ""; {
			select {
			case <-done:
				every.Stop()
				return
			case <-every.C:
				_, _ = io.WriteString(c, drip)
			}
		}
	}()
	answer, err = io.ReadAll(c)
	e, timeout := err.(net.Error)
	return answer, !timeout || !e.Timeout()
}
