package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeCertificate writes a self-signed certificate with a serial number.
func writeCertificate(t *testing.T, dir string, serial int64) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func TestTLS(t *testing.T) {
	certFile, keyFile := writeCertificate(t, t.TempDir(), 7)
	p := start(t, "DATA_DIR="+t.TempDir(), "TLS_CERT="+certFile, "TLS_KEY="+keyFile)
	if !strings.Contains(p.logged(), "url=https://") || !strings.Contains(p.logged(), "link=https://") && !strings.Contains(p.logged(), `link="https://`) {
		t.Errorf("the log does not say https:\n%s", p.logged())
	}
	c, err := tls.Dial("tcp", p.address, &tls.Config{InsecureSkipVerify: true}) // #nosec G402 -- its own certificate
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := c.ConnectionState().PeerCertificates[0].SerialNumber.Int64(); got != 7 {
		t.Errorf("certificate %d", got)
	}
	_, _ = c.Write([]byte("GET /session/new HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
	answer, err := io.ReadAll(c)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200") || !strings.Contains(string(answer), "Strict-Transport-Security") {
		t.Errorf("%.2000s, %v", answer, err)
	}
}

func TestTLSNeedsBothFiles(t *testing.T) {
	certFile, keyFile := writeCertificate(t, t.TempDir(), 7)
	for want, env := range map[string][]string{
		"TLS_CERT and TLS_KEY belong together": {"TLS_CERT=" + certFile},
		"no such file":                         {"TLS_CERT=" + certFile, "TLS_KEY=/nowhere"},
		"TLS_CERT and TLS_KEY: ":               {"TLS_CERT=" + keyFile, "TLS_KEY=" + keyFile},
	} {
		if _, stderr, code := output(t, append(env, "DATA_DIR="+t.TempDir())); code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("exit %d: %s; want %s", code, stderr, want)
		}
	}
}

// TestCertificateIsReadAgain replaces the files under a running server.
func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := writeCertificate(t, dir, 1)
	c, err := newCertificate(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		c.looked = time.Time{}
		pair, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf.SerialNumber.Int64()
	}
	if err := os.WriteFile(keyFile, []byte("half written"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != 1 {
		t.Errorf("with a broken key, certificate %d", got)
	}
	writeCertificate(t, dir, 2)
	later := time.Now().Add(time.Second)
	if err := os.Chtimes(certFile, later, later); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != 2 {
		t.Errorf("certificate %d", got)
	}
}
