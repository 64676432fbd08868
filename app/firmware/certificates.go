package firmware

import (
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"time"
)

const (
	maxCertificates = 16 // that are told of
	shortLife       = 2  // years; boards in the field should outlive no certificate
)

// tellCertificates lists the certificates in an application. One that expires
// ends the connection of every board that trusts it alone, updates included.
func (i *inspector) tellCertificates(found []*x509.Certificate) {
	for _, c := range found {
		name := cmp.Or(c.Subject.CommonName, c.Subject.String())
		expiry := c.NotAfter.UTC().Format(time.DateOnly)
		switch now := i.o.Now; {
		case !now.IsZero() && c.NotAfter.Before(now):
			i.warn("certificate", "Certificate expired",
				"Build with the issuer's current certificate.",
				"The certificate of %q expired on %s: boards refuse connections that rest on it.", shown([]byte(name)), expiry)
		case !now.IsZero() && c.NotAfter.Before(now.AddDate(shortLife, 0, 0)):
			i.warn("certificate", "Certificate expires soon",
				"Build with the issuer's next certificate, and update all boards before.",
				"The certificate of %q expires on %s, in %d days: from then on boards refuse connections that rest on it.",
				shown([]byte(name)), expiry, int(c.NotAfter.Sub(now).Hours()/24))
		default:
			i.pass("certificate", "Certificate", "The certificate of %q is valid until %s.", shown([]byte(name)), expiry)
		}
	}
}

// certificates are those in PEM and in DER, each once.
func certificates(body []byte, blocks []*pem.Block, places []int) (found []*x509.Certificate) {
	add := func(der []byte) {
		c, err := x509.ParseCertificate(der)
		if err != nil || len(found) >= maxCertificates {
			return
		}
		for _, f := range found {
			if f.Equal(c) {
				return
			}
		}
		found = append(found, c)
	}
	for _, b := range blocks {
		if b.Type == "CERTIFICATE" {
			add(b.Bytes)
		}
	}
	for _, at := range places {
		add(body[at : at+certificateSize(body, at)])
	}
	return found
}

// isCertificate recognises the start of a certificate of version 3 (RFC 5280,
// 4.1): a sequence, with two bytes of length, of a sequence of [0] INTEGER 2.
func isCertificate(body []byte, at int) bool {
	if at < 0 || at+13 > len(body) || body[at] != 0x30 || body[at+4] != 0x30 || body[at+5] != 0x81 && body[at+5] != 0x82 {
		return false
	}
	size, inner := certificateSize(body, at), at+6+int(body[at+5]&0x0F)
	return hasPrefix(body[inner:], "\xa0\x03\x02\x01\x02") && at+size <= len(body) && size <= maxPEMBytes
}

func certificateSize(body []byte, at int) int {
	return 4 + int(body[at+2])<<8 + int(body[at+3])
}
