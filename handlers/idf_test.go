package handlers_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
	"esp-update-server/db"
)

const (
	partSize   = 65536 // that esp_https_ota asks for
	idfBoard   = fleet.MAC("348518000001")
	otherBoard = fleet.MAC("348518000002") // that takes whole images
	macHeader  = "x-ESP32-STA-MAC: 34:85:18:00:00:01"
)

// oldSun and newSun are the images of two releases, of which one comes in between.
var oldSun, newSun = pattern(300_000, 5), pattern(310_000, 13)

// sun is a platform with a board of ESP-IDF that runs v1.0.0 and is offered v1.1.0.
func sun(t testing.TB, d *db.DB) {
	t.Helper()
	ctx := context.Background()
	if err := d.Platforms.Create(ctx, "sun", ""); err != nil {
		t.Fatal(err)
	}
	for _, mac := range []fleet.MAC{idfBoard, otherBoard} {
		if err := d.Devices.Add(ctx, mac, "sun", "", "", false); err != nil {
			t.Fatal(err)
		}
	}
	publishSun(t, d, "v1.1.0", oldSun)
}

func publishSun(t testing.TB, d *db.DB, v string, data []byte) {
	t.Helper()
	publishImage(t, d, "sun", v, data, release.Image{Chip: "ESP32-C3", Family: firmware.ESP32})
}

// part is the answer to one request of ESP-IDF.
type part struct {
	*http.Response
	body []byte
}

// idfAsks sends a request on a connection of its own, which the client ends.
func idfAsks(t testing.TB, address, method string, headers ...string) part {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	query := "dev=sun&ver=v1.0.0"
	if !strings.Contains(strings.Join(headers, " "), macHeader) {
		query += "&mac=" + string(idfBoard)
	}
	lines := append([]string{method + " /update?" + query + " HTTP/1.1", "User-Agent: ESP32 HTTP Client/1.0", "Host: " + address}, headers...)
	if _, err := io.WriteString(c, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return part{resp, body}
}

// of fails the test unless an answer is about an image.
func (p part) of(t testing.TB, status int, image []byte) part {
	t.Helper()
	if p.StatusCode != status || p.Header.Get("x-MD5") != digestMD5(image) || p.Header.Get("x-SHA256") != digest(image) {
		t.Fatalf("%s of %s; want %d of %s", p.Status, p.Header.Get("x-MD5"), status, digestMD5(image))
	}
	return p
}

// untilTaken waits until the server knows that the last byte left, which is soon
// after the client has it.
func untilTaken(t testing.TB, d *db.DB) {
	t.Helper()
	for late := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		p, err := d.Pins.Find(context.Background(), idfBoard)
		if err == nil && p != nil && p.Stage == ota.Taken {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("the image is not taken: %+v, %v", p, err)
		}
	}
}

// untilOffered waits until a server offers an image to who asks for the size alone.
func untilOffered(t testing.TB, address string, image []byte) {
	t.Helper()
	for late := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		p := idfAsks(t, address, "HEAD")
		if p.Header.Get("x-SHA256") == digest(image) {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("the image is not offered: %s", p.Status)
		}
	}
}

// idfClient is how a version of ESP-IDF fetches an image.
type idfClient struct {
	headers []string // with each request
	sizes   []string // the request for the size: method and headers
	past    bool     // the last part ends one byte behind the image
	resumes bool     // each request is for all that is left
}

var idfClients = map[string]idfClient{
	"v4.4":                 {headers: []string{"Content-Length: 0"}, sizes: []string{"HEAD"}},
	"v5.1":                 {headers: []string{"Content-Length: 0"}, sizes: []string{"HEAD"}, past: true},
	"newest":               {headers: []string{macHeader}, sizes: []string{"HEAD"}},
	"newest, without HEAD": {sizes: []string{"GET", "Range: bytes=0-0"}},
	"resumption":           {resumes: true},
	"resumption by parts":  {sizes: []string{"HEAD"}, resumes: true},
}

// ranges is what it asks for, one request after the other, of an image of a size.
func (k idfClient) ranges(size int) (list []string, from []int) {
	for at := 0; at < size; at += partSize {
		end := fmt.Sprint(at + partSize - 1)
		switch {
		case k.resumes:
			end = ""
		case at+partSize >= size && k.past:
			end = fmt.Sprint(size)
		case at+partSize >= size:
			end = ""
		}
		list, from = append(list, fmt.Sprintf("Range: bytes=%d-%s", at, end)), append(from, at)
	}
	return list, from
}

// size asks for the size, as far as the client does.
func (k idfClient) size(t testing.TB, address string, image []byte) {
	t.Helper()
	if k.sizes == nil {
		return
	}
	p := idfAsks(t, address, k.sizes[0], append(k.sizes[1:], k.headers...)...)
	if k.sizes[0] == "HEAD" {
		if p.of(t, 200, image); p.ContentLength != int64(len(image)) {
			t.Errorf("the size is %d", p.ContentLength)
		}
		return
	}
	if got := p.of(t, 206, image).Header.Get("Content-Range"); got != fmt.Sprintf("bytes 0-0/%d", len(image)) {
		t.Errorf("the size is told as %q", got)
	}
}

// fetch takes an image in parts. Before each, but for the first, between is called
// with its number; it tells of whom the part is asked.
func (k idfClient) fetch(t testing.TB, address string, image []byte, between func(n int) string) {
	t.Helper()
	k.size(t, address, image)
	var got []byte
	ranges, from := k.ranges(len(image))
	for n, r := range ranges {
		if n > 0 {
			address = between(n)
		}
		p := idfAsks(t, address, "GET", append([]string{r}, k.headers...)...).of(t, 206, image)
		if got = append(got[:from[n]], p.body...); k.resumes && n < len(ranges)-1 {
			got = got[:from[n+1]] // the rest was lost
		}
	}
	if !bytes.Equal(got, image) {
		t.Errorf("the parts are %d bytes with the digest %s", len(got), digest(got))
	}
}

// waitForOffer waits until a server knows that v1.2.0 is published, which a board
// that takes the whole image would get.
func waitForOffer(t testing.TB, address string) {
	t.Helper()
	for late := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if bytes.HasSuffix(say(t, address, "GET /update?dev=sun&ver=v1.1.0 HTTP/1.0\r\nx-ESP32-STA-MAC: "+otherBoard.String()+"\r\n\r\n"), newSun) {
			return
		}
		if time.Now().After(late) {
			t.Fatal("v1.2.0 is not offered")
		}
	}
}
