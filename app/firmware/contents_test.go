package firmware_test

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/firmware"
)

func sha(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}

var now = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// authority is the certificate of one, in DER.
func authority(name string, expires time.Time) []byte {
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: now.AddDate(-1, 0, 0), NotAfter: expires, IsCA: true, BasicConstraintsValid: true}
	der, _ := x509.CreateCertificate(rand.Reader, c, c, p256().Public(), p256())
	return der
}

func certificatePEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestCertificates(t *testing.T) {
	long, short, gone := authority("Long CA", now.AddDate(9, 0, 0)), authority("Short CA", now.AddDate(1, 0, 0)), authority("Old CA", now.AddDate(0, -1, 0))
	text := certificatePEM(long) + "\x00" + string(short) + certificatePEM(long) + "\x00" + string(gone)
	i := firmware.Inspect(sketch(text+tagText), firmware.Options{Now: now})
	var said []string
	for _, f := range i.Findings {
		if f.Code == "certificate" {
			said = append(said, string(f.Status)+" "+f.Detail)
		}
	}
	all := strings.Join(said, "\n")
	for _, part := range []string{`pass The certificate of "Long CA" is valid until 2035-06-01`, `warn The certificate of "Short CA" expires on 2027-06-01, in 365 days`, `warn The certificate of "Old CA" expired on 2026-05-01`} {
		if len(said) != 3 || !strings.Contains(all, part) || !i.Publishable {
			t.Errorf("%q is not said in:\n%s", part, all)
		}
	}
	for _, f := range inspect(sketch(text)).Findings {
		if f.Code == "certificate" && f.Status != firmware.Pass {
			t.Errorf("without a clock nothing is judged: %s", f.Detail)
		}
	}
}

// TestPrivateKey: a body, not the first line that every parser contains.
func TestPrivateKey(t *testing.T) {
	der, _ := x509.MarshalPKCS8PrivateKey(p256())
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	i := inspect(sketch(key + "\x00" + tagText))
	expect(t, i, firmware.Warn, "private-key", "PRIVATE KEY, 138 bytes")
	if !i.Publishable {
		t.Error("a warning does not refuse")
	}
	for _, text := range []string{"-----BEGIN RSA PRIVATE KEY-----\x00-----END RSA PRIVATE KEY-----\x00", "-----BEGIN PRIVATE KEY-----", certificatePEM(authority("CA", now))} {
		if f := find(inspect(sketch(text)), "private-key"); f != nil {
			t.Errorf("%q: %s", text, f.Detail)
		}
	}
}

// TestTexts: what texts in an application give away.
func TestTexts(t *testing.T) {
	for text, want := range map[string]string{
		"mqtt://user:secret@broker.local:1883": "credentials", "const your_SSID": "credentials", "YOUR-PASSWORD": "credentials",
		"[%6u][D][%s:%u] %s(): ": "debug-build", "[HTTP-Client][begin]": "debug-build",
	} {
		i := inspect(sketch(text))
		expect(t, i, firmware.Warn, want, "")
		if f := find(i, want); f != nil && strings.Contains(f.Detail, "secret") {
			t.Errorf("the password is shown: %s", f.Detail)
		}
	}
	for _, text := range []string{"http://%s:%s@%s", "http://host:80/a@b", "user@host", "[%6u][E][%s:%u] %s(): ", "D (%lu) %s: ", "Your password", "behind your_back"} {
		i := inspect(sketch(text))
		for _, code := range []string{"credentials", "debug-build"} {
			if f := find(i, code); f != nil {
				t.Errorf("%q: %s", text, f.Detail)
			}
		}
	}
}

func TestUpdateClient(t *testing.T) {
	for text, status := range map[string]firmware.Status{
		"ESP32-http-Update\x00x-ESP32-STA-MAC": firmware.Pass, "ESP8266-http-Update\x00x-ESP8266-STA-MAC": firmware.Pass, "ESP32-http-Update\x00x-ESP32-BASE-MAC": firmware.Pass,
		"esp_https_ota": firmware.Pass, "http-Update": firmware.Warn, "-STA-MAC": firmware.Warn, "": firmware.Warn,
	} {
		expect(t, inspect(sketch(text)), status, "ota-client", "")
	}
}
