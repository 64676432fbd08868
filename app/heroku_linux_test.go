package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// encryptedServer is a Postgres that speaks TLS, with a certificate of its own
// as Heroku's has.
func encryptedServer(t *testing.T) *dbtest.Server {
	t.Helper()
	server := dbtest.NewServer(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"elsewhere"}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	server.Stop()
	server.Start("ssl=on",
		"ssl_cert_file="+server.Write("server.crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})),
		"ssl_key_file="+server.Write("server.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	return server
}

// TestHeroku runs the server as a dyno does: Postgres with TLS, a port, a router
// in front, SIGTERM at the end.
func TestHeroku(t *testing.T) {
	server := encryptedServer(t)
	past := pastProgram(t, server.URL)
	for n, mode := range []string{"sslmode=require", ""} { // Heroku says nothing, and insists on TLS
		url, _, _ := strings.Cut(server.URL, "?")
		s := &site{t: t, env: []string{"DATABASE_URL=" + url + "?" + mode, "DYNO=web.1", "ADMIN_EMAIL=a@example.com", "ADMIN_PASSWORD=correct horse", "BIND="}}
		s.restart()
		var plain, all int
		err := past.QueryRow(`SELECT COUNT(*) FILTER (WHERE NOT ssl), COUNT(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
WHERE datname = current_database() AND pid <> pg_backend_pid()`).Scan(&plain, &all)
		if err != nil || plain > 0 || all == 0 {
			t.Errorf("%q: of %d connections %d are not encrypted, %v", mode, all, plain, err)
		}
		if !strings.Contains(s.logged(), "PUBLIC_URL is not set") {
			t.Errorf("links name the dyno's own address, and nobody is told: %s", s.logged())
		}
		person := newBrowser(t, s.process)
		opened := time.Now()
		if status, page := person.send(s.process, "POST", "/platforms", "name=lamp"+fmt.Sprint(n)); status != http.StatusSeeOther {
			t.Fatalf("a platform: %d %s", status, page)
		}
		// The router gives up after 30 s, so a stream begins before there is anything to tell.
		if first := next(t, person.watch(s.process, "platform:", opened), time.After(patience)); first != "beat" {
			t.Errorf("a stream begins with %q", first)
		}
		s.stop(t)
		s.ends(t)
		if code := s.ProcessState.ExitCode(); code != 0 || strings.Contains(s.logged(), cutOff) {
			t.Errorf("a stream held the end up; exit %d:\n%s", code, s.logged())
		}
	}
	_, stderr, code := output(t, []string{"DYNO=web.1", "DATABASE_URL=" + strings.Replace(server.URL, "disable", "verify-full", 1)})
	if code != 1 || !strings.Contains(stderr, "certificate") {
		t.Errorf("a certificate that should be checked is not: exit %d: %s", code, stderr)
	}
}

// cutOff is what a server logs that ends, within the 30 s that Heroku gives it,
// before all that it has begun.
const cutOff = "some downloads did not finish and are cut off"

// TestStopWithinBounds holds that SIGTERM ends the process in time although a
// board takes its image in very small bites.
func TestStopWithinBounds(t *testing.T) {
	t.Parallel()
	s := newSite(t, db.Config{URL: dbtest.Postgres(t).URL})
	if status, err := s.upload(large("v1.0.1")); status != http.StatusCreated {
		t.Fatal(status, err)
	}
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.(*net.TCPConn).SetReadBuffer(16 << 10)
	_, _ = io.WriteString(c, "GET /update?dev=smart-lamp&ver=1 HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n")
	if _, err := io.ReadFull(c, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	s.stop(t)
	asked := time.Now()
	for bite := make([]byte, 4<<10); err == nil; time.Sleep(200 * time.Millisecond) { // who takes nothing at all is dropped
		_, err = c.Read(bite)
	}
	s.ends(t)
	t.Logf("gone after %v", time.Since(asked))
	if code := s.ProcessState.ExitCode(); code != 0 || !strings.Contains(s.logged(), cutOff) {
		t.Errorf("exit %d:\n%s", code, s.logged())
	}
}
