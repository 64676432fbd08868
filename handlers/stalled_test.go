package handlers_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"esp-update-server/app/firmware"
	"esp-update-server/app/release"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// eachWay runs a test over plain connections and over those of TLS_CERT.
func eachWay(t *testing.T, test func(t *testing.T, secure bool)) {
	t.Run("plain", func(t *testing.T) { test(t, false) })
	t.Run("TLS", func(t *testing.T) { test(t, true) })
}

// certificate is one that no client trusts.
func certificate() tls.Certificate {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	return s.TLS.Certificates[0]
}

// serveWithPatience listens with another bound on the time for a piece, and has
// a release that does not fit into the buffers on the way.
func serveWithPatience(t *testing.T, secure bool, patience time.Duration) (address string, image []byte, closed chan struct{}) {
	t.Helper()
	ctx, d := context.Background(), dbtest.Open(t, dbtest.SQLite(t))
	if err := d.Platforms.Create(ctx, "big", ""); err != nil {
		t.Fatal(err)
	}
	if err := d.Devices.Add(ctx, "18fe34aabbcc", "big", "", "", false); err != nil {
		t.Fatal(err)
	}
	image = pattern(8<<20, 3)
	publishImage(t, d, "big", "v1.0.3", image, release.Image{Chip: "ESP8266", Family: firmware.ESP8266})
	l, err := handlers.ListenWithPatience("127.0.0.1:0", patience)
	if err != nil {
		t.Fatal(err)
	}
	app := newApp(t, d, func(c *handlers.Config) { c.ImageCache = 64 << 20 })
	closed = make(chan struct{}, 10)
	var seen net.Listener = &watched{l, closed}
	if secure {
		seen = tls.NewListener(seen, &tls.Config{Certificates: []tls.Certificate{certificate()}, MinVersion: tls.VersionTLS12})
	}
	go func() { _ = app.Listener(seen) }()
	t.Cleanup(func() { _ = app.ShutdownWithTimeout(5 * time.Second) })
	return l.Addr().String(), image, closed
}

// watched is a listener that tells when the server closes a connection.
type watched struct {
	net.Listener
	closed chan struct{}
}

func (l *watched) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &watchedConn{c, l.closed}, nil
}

type watchedConn struct {
	net.Conn
	closed chan struct{}
}

func (c *watchedConn) Close() error {
	c.closed <- struct{}{}
	return c.Conn.Close()
}

// download begins one with a small buffer, and reads as much as told.
func download(t *testing.T, address string, secure bool, first int) (c net.Conn, read []byte) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.(*net.TCPConn).SetReadBuffer(32 << 10)
	_ = c.SetDeadline(time.Now().Add(patience))
	if secure {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true}) // #nosec G402 -- the test's own certificate
	}
	if _, err := io.WriteString(c, "GET /update?dev=big&ver=1 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	read = make([]byte, first)
	if _, err := io.ReadFull(c, read); err != nil {
		t.Fatal(err)
	}
	return c, read
}

// TestStalledDownloadIsDropped holds that who stops reading is let go of: what
// is then still on the way ends before the image does.
func TestStalledDownloadIsDropped(t *testing.T) {
	t.Parallel()
	const bound = time.Second
	eachWay(t, func(t *testing.T, secure bool) {
		address, image, closed := serveWithPatience(t, secure, bound)
		c, read := download(t, address, secure, 1000)
		select {
		case <-closed:
		case <-time.After(patience):
			t.Fatal("the server holds on to it")
		}
		rest, _ := io.ReadAll(c)
		if n := len(read) + len(rest); n >= len(image) {
			t.Errorf("all %d bytes came", n)
		}
	})
}

// TestSlowDownloadFinishes takes far longer than the bound for a piece, with a
// little read all the time.
func TestSlowDownloadFinishes(t *testing.T) {
	t.Parallel()
	const bound = 3 * time.Second
	eachWay(t, func(t *testing.T, secure bool) {
		address, image, _ := serveWithPatience(t, secure, bound)
		start := time.Now()
		c, read := download(t, address, secure, 1000)
		part := make([]byte, 256<<10)
		for {
			n, err := io.ReadFull(c, part)
			read = append(read, part[:n]...)
			if err != nil {
				break
			}
			time.Sleep(bound / 12)
		}
		if !bytes.HasSuffix(read, image) {
			t.Errorf("it broke off after %d of %d bytes", len(read), len(image))
		}
		if took := time.Since(start); took < 2*bound {
			t.Errorf("it took only %s, so nothing is proved", took)
		}
	})
}

// TestSilentHandshakeIsDropped holds that who connects and never begins to speak
// TLS is let go of, as who never sends a request is.
func TestSilentHandshakeIsDropped(t *testing.T) {
	t.Parallel()
	address, _, closed := serveWithPatience(t, true, time.Minute)
	silent, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if _, err := io.WriteString(silent, "\x16\x03\x01"); err != nil { // half a header of a record
		t.Fatal(err)
	}
	if c, read := download(t, address, true, 1000); len(read) != 1000 || c.Close() != nil {
		t.Error("it keeps another client out")
	}
	for range 2 { // that one, and the silent one
		select {
		case <-closed:
		case <-time.After(patience):
			t.Fatal("the server holds on to it")
		}
	}
}
