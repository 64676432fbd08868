package handlers_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"esp-update-server/db/dbtest"
)

// abuse is a request as nobody should send it.
type abuse struct {
	name string
	raw  string
	want string // statuses that are right, such as "400 431"; "-" for none at all
}

func head(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n\r\n" }

func chunked(path string, body string) string {
	return head("POST "+path+" HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", "Connection: close") + body
}

// board is a good request of a board, with one line changed.
func boardLine(line string) string {
	return head("GET /update?dev=smart-lamp&ver=v1 HTTP/1.1", "Host: x", "x-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC", line, "Connection: close")
}

func boardQuery(query string) string {
	return head("GET /update"+query+" HTTP/1.0", "Host: x", "x-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC")
}

const hangUp = "Connection: close"

var long = strings.Repeat("A", 9000)

var abuses = []abuse{
	{"no request", "", "-"},
	{"only line ends", "\r\n\r\n\r\n", "- 400"},
	{"not HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "- 400"},
	{"binary", strings.Repeat("\x00\xff", 500) + "\r\n\r\n", "400 431"},
	{"no version", "GET /update\r\n\r\n", "400"},
	{"odd version", head("GET /update HTTP/9.9", "Host: x"), "400 505"},
	{"garbage version", head("GET /update JUNK", "Host: x"), "400"},
	{"lower-case method", head("get /update HTTP/1.1", "Host: x", hangUp), "400 405 501"},
	{"made-up method", head("BREW /update HTTP/1.1", "Host: x", hangUp), "400 405 501"},
	{"TRACE", head("TRACE / HTTP/1.1", "Host: x", hangUp), "403 405"},
	{"CONNECT", head("CONNECT example.com:443 HTTP/1.1", "Host: example.com", hangUp), "400 403 404 405"},
	{"OPTIONS star", head("OPTIONS * HTTP/1.1", "Host: x", hangUp), "204 400 404 405"},
	{"no host", head("GET /session/new HTTP/1.1", hangUp), "200 400"},
	{"two hosts", head("GET /session/new HTTP/1.1", "Host: a", "Host: b", hangUp), "200 400"},
	{"absolute URI", head("GET http://evil.example/session/new HTTP/1.1", "Host: x", hangUp), "200 400"},
	{"long path", head("GET /"+long+" HTTP/1.1", "Host: x", hangUp), "414 431"},
	{"long query", boardQuery("?dev=" + long), "431"},
	{"long header", boardLine("x-ESP8266-version: " + long), "431"},
	{"long header name", boardLine(long + ": x"), "431"},
	{"many headers", boardLine(strings.TrimSuffix(strings.Repeat("x-a: b\r\n", 2000), "\r\n")), "431"},
	{"header without colon", boardLine("nonsense"), "400 200"},
	{"header with a space before its colon", boardLine("x-ESP8266-mode : sketch"), "400 200"},
	{"folded header", boardLine("x-ESP8266-mode:\r\n sketch"), "400 200"},
	{"header with NUL", boardLine("x-ESP8266-version: a\x00b"), "400 200"},
	{"bare line feeds", "GET /update?dev=smart-lamp&ver=v1 HTTP/1.0\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\n\n", "200 400"},
	{"carriage returns alone", "GET / HTTP/1.1\rHost: x\r\r", "- 400 408"},

	{"both lengths, chunked first", head("POST /session HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", "Content-Length: 5", hangUp) + "0\r\n\r\n", "400 422 403 200"},
	{"two lengths that differ", head("POST /session HTTP/1.1", "Host: x", "Content-Length: 5", "Content-Length: 6", hangUp) + "abcdef", "400"},
	{"two lengths in one", head("POST /session HTTP/1.1", "Host: x", "Content-Length: 5, 6", hangUp) + "abcdef", "400"},
	{"negative length", head("POST /session HTTP/1.1", "Host: x", "Content-Length: -1", hangUp), "400"},
	{"length with a plus", head("POST /session HTTP/1.1", "Host: x", "Content-Length: +5", hangUp) + "abcde", "400"},
	{"length in hex", head("POST /session HTTP/1.1", "Host: x", "Content-Length: 0x5", hangUp) + "abcde", "400"},
	{"length beyond numbers", head("POST /session HTTP/1.1", "Host: x", "Content-Length: 99999999999999999999", hangUp), "400 413"},
	{"huge length", head("POST /session HTTP/1.1", "Host: x", "Content-Length: 10000000000", hangUp), "- 400 408 413 422"},
	{"chunked in disguise", head("POST /session HTTP/1.1", "Host: x", "Transfer-Encoding: xchunked", hangUp) + "0\r\n\r\n", "- 400 408 411 422 501"},
	{"chunked twice", head("POST /session HTTP/1.1", "Host: x", "Transfer-Encoding: chunked, chunked", hangUp) + "0\r\n\r\n", "- 400 408 422 501"},
	{"chunk size no number", chunked("/session", "zz\r\nabc\r\n0\r\n\r\n"), "- 400 422"},
	{"chunk size negative", chunked("/session", "-1\r\nabc\r\n0\r\n\r\n"), "- 400 422"},
	{"chunk size overflows", chunked("/session", "ffffffffffffffffff\r\nabc"), "- 400 422"},
	{"chunk shorter than it says", chunked("/session", "a\r\nabc\r\n0\r\n\r\n"), "- 400 408 422"},
	{"chunk longer than it says", chunked("/session", "1\r\nabcdef\r\n0\r\n\r\n"), "- 400 422"},
	{"chunks without end", chunked("/session", strings.Repeat("1\r\na\r\n", 400_000)), "- 400 408 413 422"},
	{"body on GET", head("GET /session/new HTTP/1.1", "Host: x", "Content-Length: 5", hangUp) + "abcde", "200"},
	{"a request as the body of an unread one", head("POST /api/v1/firmware HTTP/1.1", "Host: x", "Content-Length: 34", "Content-Type: multipart/form-data; boundary=b") + head("GET /healthz HTTP/1.1", "Host: x"), "401"},

	{"no query", boardQuery(""), "400"},
	{"only signs", boardQuery("?&&&===&=&"), "400"},
	{"repeated parameters", boardQuery("?dev=smart-lamp&dev=other&ver=v1&ver=v9"), "200"},
	{"keys in upper case", boardQuery("?DEV=smart-lamp&Ver=v1"), "200"}, // as a file may have them
	{"a thousand parameters", boardQuery("?" + strings.Repeat("a=b&", 1000) + "dev=smart-lamp&ver=v1"), "200"},
	{"broken escapes", boardQuery("?dev=%zz%&ver=%"), "400"},
	{"escaped NUL", boardQuery("?dev=smart-lamp%00&ver=v1"), "400"},
	{"escaped line end", boardQuery("?dev=a%0d%0aSet-Cookie:%20x=y&ver=v1"), "400"},
	{"invalid UTF-8", boardQuery("?dev=\xff\xfe&ver=\xc3\x28"), "400"},
	{"overlong UTF-8", boardQuery("?dev=%c0%af&ver=v1"), "400"},
	{"script in the platform", boardQuery("?dev=<script>alert(1)</script>&ver=v1"), "400"},
	{"SQL in the platform", boardQuery("?dev=x';DROP%20TABLE%20devices;--&ver=v1"), "400"},
	{"format strings", boardQuery("?dev=%25s%25n&ver=%25d"), "400"},
	{"MAC of 4 KB", boardLine("x-ESP8266-AP-MAC: " + strings.Repeat(":", 4000)), "200"},
	{"MAC not one", strings.Replace(boardLine("x-a: b"), "18:FE:34:AA:BB:CC", "GG:GG:GG:GG:GG:GG", 1), "400"},
	{"MAC with a line end", strings.Replace(boardLine("x-a: b"), "18:FE:34:AA:BB:CC", "18:FE:34\r\n:AA:BB:CC", 1), "400"},
	{"sizes beyond numbers", boardLine("x-ESP8266-free-space: 99999999999999999999999"), "200"},
	{"negative size", boardLine("x-ESP8266-free-space: -5"), "200"},
	{"range beyond numbers", boardLine("Range: bytes=99999999999999999999-"), "416"},
	{"range backwards", boardLine("Range: bytes=5-2"), "200"},
	{"thousand ranges", boardLine("Range: bytes=" + strings.Repeat("0-0,", 1000) + "0-0"), "200"},
	{"range of nothing", boardLine("Range: bytes=-0"), "416"},

	{"dot segments", head("GET /static/../../go.mod HTTP/1.1", "Host: x", hangUp), "400 404 303"},
	{"escaped dot segments", head("GET /static/%2e%2e%2f%2e%2e%2fgo.mod HTTP/1.1", "Host: x", hangUp), "400 404"},
	{"backslashes", head(`GET /static\..\go.mod HTTP/1.1`, "Host: x", hangUp), "400 404"},
	{"NUL in the path", head("GET /devices/%00 HTTP/1.1", "Host: x", hangUp), "303 400 404"},
	{"method by query", head("POST /devices/18fe34aabbcc?_method=DELETE HTTP/1.1", "Host: x", "Content-Length: 0", hangUp), "303"},
	{"odd method by query", head("POST /devices?_method=TRACE HTTP/1.1", "Host: x", "Content-Length: 0", hangUp), "303"},
	{"from another site", head("POST /session HTTP/1.1", "Host: x", "Origin: https://evil.example", "Content-Length: 0", hangUp), "403"},
	{"from another site, says the browser", head("POST /session HTTP/1.1", "Host: x", "Sec-Fetch-Site: cross-site", "Content-Length: 0", hangUp), "403"},
	{"cookie of 7 KB", head("GET / HTTP/1.1", "Host: x", "Cookie: session="+strings.Repeat("a", 7000), hangUp), "303"},
	{"cookie with odd bytes", head("GET / HTTP/1.1", "Host: x", "Cookie: session=\xff\"';;=", hangUp), "303"},
	{"bearer without token", head("GET /api/v1/devices HTTP/1.1", "Host: x", "Authorization: Bearer ", hangUp), "401"},
	{"form that is none", head("POST /session HTTP/1.1", "Host: x", "Content-Type: multipart/form-data", "Content-Length: 3", hangUp) + "abc", "422"},
	{"form of another type", head("POST /session HTTP/1.1", "Host: x", "Content-Type: text/plain", "Content-Length: 3", hangUp) + "abc", "422"},
	{"body over the limit", head("POST /session HTTP/1.1", "Host: x", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 300000", hangUp) + strings.Repeat("a", 300_000), "413"},
	{"cut off in the headers", "GET /update?dev=smart-lamp HTTP/1.1\r\nHost: x\r\nx-ESP", "- 400"},
	{"cut off in the body", head("POST /session HTTP/1.1", "Host: x", "Content-Length: 100", hangUp) + "abc", "- 400 422"},
}

// TestAbuse sends each request on a connection of its own, and a good one after
// it: whatever came, the server lives and the next board is served at once.
func TestAbuse(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	world(t, d)
	address := serve(t, d)
	for _, a := range abuses {
		t.Run(a.name, func(t *testing.T) {
			answer := provoke(t, address, a.raw)
			if !strings.Contains(" "+a.want+" ", " "+statusIn(answer)+" ") {
				t.Errorf("answered %q; want %s", cut(answer, 300), a.want)
			}
			if n := bytes.Count(answer, []byte("HTTP/1.1 ")); n > 1 {
				t.Errorf("one request got %d answers: %q", n, cut(answer, 600))
			}
			if bytes.Contains(answer, []byte("text/html")) && bytes.Contains(answer, []byte("<script>alert")) || bytes.Contains(answer, []byte("\r\nSet-Cookie: x=y")) || bytes.Contains(answer, []byte("goroutine ")) {
				t.Errorf("what was sent came back to life: %q", cut(answer, 600))
			}
			servesBoards(t, address)
		})
	}
}

func cut(b []byte, n int) []byte { return b[:min(n, len(b))] }

// statusIn is the status of an answer; "-" when there is none.
func statusIn(answer []byte) string {
	var status string
	if _, err := fmt.Sscanf(string(cut(answer, 20)), "HTTP/1.1 %s", &status); err != nil {
		return "-"
	}
	return status
}

// provoke sends bytes, closes its side, and reads what comes. That the server
// hangs up on it is no failure.
func provoke(t *testing.T, address, raw string) []byte {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(25 * time.Second)) // the server drops who idles for 30 s
	_, _ = io.WriteString(c, raw)
	_ = c.(*net.TCPConn).CloseWrite()
	answer, err := io.ReadAll(c)
	if e, ok := err.(net.Error); ok && e.Timeout() {
		t.Errorf("the connection was left hanging after %q", cut(answer, 200))
	}
	return answer
}

func servesBoards(t *testing.T, address string) {
	t.Helper()
	answer := say(t, address, head("GET /update?dev=smart-lamp&ver=v1.0.3 HTTP/1.0", "Host: x", "x-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC"))
	if statusIn(answer) != "304" {
		t.Errorf("the next board got %q", cut(answer, 200))
	}
}

// TestUnreadBodiesAreNoRequests holds that what a refused upload sends is never
// taken for requests: each connection gets one answer.
func TestUnreadBodiesAreNoRequests(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	address := serve(t, d)
	inner := strings.Repeat(head("GET /healthz HTTP/1.1", "Host: x"), 2000)
	for _, path := range []string{"/api/v1/firmware", "/uploads", "/devices", "/nowhere"} {
		answer := provoke(t, address, head("POST "+path+" HTTP/1.1", "Host: x", fmt.Sprintf("Content-Length: %d", len(inner)))+inner)
		if n := bytes.Count(answer, []byte("HTTP/1.1 ")); n != 1 {
			t.Errorf("%s: %d answers", path, n)
		}
	}
}
