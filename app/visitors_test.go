package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// asks asks for an update as a board does, and gives the status, "" when nothing
// whole came.
func (p *process) asks(mac, ver string) (status string, body []byte) {
	c, err := net.Dial("tcp", p.address)
	if err != nil {
		return "", nil
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	_, _ = fmt.Fprintf(c, "GET /update?dev=smart-lamp&ver=%s HTTP/1.0\r\nx-ESP8266-STA-MAC: %s\r\n\r\n", ver, mac)
	answer, err := io.ReadAll(c)
	head, body, whole := bytes.Cut(answer, []byte("\r\n\r\n"))
	if err != nil || !whole || len(head) < 12 {
		return "", nil
	}
	return string(head[9:12]), body
}

// tries asks for an update as a board on the whitelist does, and gives the
// status; "" when nothing came.
func (p *process) tries() string { return p.triesFor(patience) }

// triesFor is tries for so long.
func (p *process) triesFor(patience time.Duration) string {
	c, err := net.Dial("tcp", p.address)
	if err != nil {
		return ""
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(c, "GET /update?dev=smart-lamp&ver=v9.0.0 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n")
	answer, _ := io.ReadAll(c)
	if len(answer) < 12 {
		return ""
	}
	return string(answer[9:12])
}

// browser is a person who is signed in.
type browser struct {
	t testing.TB
	*http.Client
}

func newBrowser(t testing.TB, p *process) *browser {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	b := &browser{t, &http.Client{Jar: jar, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if status, page := b.send(p, "POST", "/session", "email=a@example.com&password=correct+horse&remember=1"); status != http.StatusSeeOther {
		t.Fatalf("sign-in: %d %s", status, page)
	}
	return b
}

// send sends a form, or asks for a page, and gives what came; status 0 when
// nothing did.
func (b *browser) send(p *process, method, path, form string, headers ...string) (status int, page string) {
	b.t.Helper()
	r, err := http.NewRequest(method, "http://"+p.address+path, strings.NewReader(form))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Close = true // the server closes a connection that is kept, maybe just when it is used again
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	resp, err := b.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(data)
}

// watch opens the stream of a page about topics, as it was at a time, and gives
// the names of its events until the test ends or the stream does.
func (b *browser) watch(p *process, topics string, since time.Time) <-chan string {
	b.t.Helper()
	events, leave := b.watchUntil(p, topics, since)
	b.t.Cleanup(leave)
	return events
}

// watchUntil is watch for a page that is left.
func (b *browser) watchUntil(p *process, topics string, since time.Time) (_ <-chan string, leave func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	q := url.Values{"on": {topics}, "since": {fmt.Sprint(since.UnixMilli())}}
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+p.address+"/live?"+q.Encode(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	events := make(chan string, 1000)
	resp, err := (&http.Client{Jar: b.Jar}).Do(r)
	if err != nil || resp.StatusCode != http.StatusOK {
		close(events)
		return events, cancel
	}
	go func() {
		defer close(events)
		defer resp.Body.Close()
		for s := bufio.NewScanner(resp.Body); s.Scan(); {
			if name, ok := strings.CutPrefix(s.Text(), "event: "); ok {
				events <- name
			}
		}
	}()
	return events, cancel
}

// hears waits for an event of a stream.
func hears(t testing.TB, events <-chan string, want string) {
	t.Helper()
	for deadline := time.After(patience); next(t, events, deadline) != want; {
	}
}

// next is the next event of a stream.
func next(t testing.TB, events <-chan string, deadline <-chan time.Time) (name string) {
	t.Helper()
	select {
	case name, open := <-events:
		if !open {
			t.Fatal("the stream ended")
		}
		return name
	case <-deadline:
		t.Fatal("nothing more comes in the stream")
	}
	return ""
}

// fileForm is a form with one file.
func fileForm(t testing.TB, data []byte) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	f, err := w.CreateFormFile("file", "firmware.bin")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write(data)
	_ = w.Close()
	return b.String(), w.FormDataContentType()
}

// between is the text between two others, "" when it is not there.
func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	found, _, ok := strings.Cut(rest, after)
	if !ok {
		return ""
	}
	return found
}
