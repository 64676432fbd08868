package firmware

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// isESP8266Signature: a signature and its length follow the image, as
// esp8266/Arduino tools/signing.py appends them.
func isESP8266Signature(data []byte, end int) bool {
	if len(data)-end < 4 {
		return false
	}
	n := int64(u32(data, len(data)-4))
	return n >= 64 && n <= 1024 && n == int64(len(data)-end-4)
}

// signedESP8266 tries the current form, PKCS #1 v1.5 over the SHA-256, and that
// of core 2.5, which signs the bare digest.
func (i *inspector) signedESP8266(data []byte, end int) {
	signature := data[end : len(data)-4]
	i.Signature = &Signature{Scheme: "ESP8266 RSA", KeyBits: 8 * len(signature)}
	i.verify(func(key crypto.PublicKey) bool {
		rsaKey, ok := key.(*rsa.PublicKey)
		digest := sha256.Sum256(data[:end])
		return ok && (rsa.VerifyPKCS1v15(rsaKey, crypto.SHA256, digest[:], signature) == nil ||
			rsa.VerifyPKCS1v15(rsaKey, 0, digest[:], signature) == nil)
	})
}

// verify tells of the signature in the file, and whether it is that of the
// public key that was given.
func (i *inspector) verify(check func(crypto.PublicKey) bool) {
	s := i.Signature
	what := fmt.Sprintf("It is signed (%s", s.Scheme)
	if s.KeyBits > 0 {
		what += fmt.Sprintf(", key of %d bits", s.KeyBits)
	}
	what += ")"
	if len(i.o.PublicKey) == 0 {
		i.pass("signature", "Signed", "%s. No public key is known here to check it with.", what)
		return
	}
	key, err := parsePublicKey(i.o.PublicKey)
	if err != nil {
		i.warn("signature", "Signed", "Give the public key as PEM.", "%s. The public key cannot be read: %s.", what, err)
		return
	}
	verified := check(key)
	s.Verified = &verified
	if verified {
		i.pass("signature", "Signature right", "%s, and the signature is that of the public key.", what)
		return
	}
	i.fail("signature", "Signature wrong",
		"Sign the file with the key that your boards know, and send it again.",
		"%s, but not with the key that belongs to the public key, or it was changed after signing.", what)
}

// parsePublicKey reads a key, or the key of a certificate, from PEM.
func parsePublicKey(text []byte) (crypto.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("there is no PEM block in it")
	}
	switch block.Type {
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return c.PublicKey, nil
	}
	return x509.ParsePKIXPublicKey(block.Bytes)
}

// isArduinoSignature: 512 bytes, filled up with zeros, as arduino-esp32
// tools/bin_signing.py appends them. How many are filled tells the key; for
// RSA-4096, where none are, only a public key can tell.
func isArduinoSignature(tail []byte) (scheme string, bits, used int) {
	if len(tail) != 512 {
		return "", 0, 0
	}
	for used = len(tail); used > 0 && tail[used-1] == 0; used-- {
	}
	switch {
	case used >= 64 && used <= 144 && tail[0] == 0x30 && (int(tail[1])+2 == used || tail[1] == 0x81 && int(tail[2])+3 == used):
		return "arduino-esp32 ECDSA", 0, used
	case used > 240 && used <= 256:
		return "arduino-esp32 RSA-2048", 2048, 256
	case used > 368 && used <= 384:
		return "arduino-esp32 RSA-3072", 3072, 384
	case used > 496:
		return "arduino-esp32 RSA-4096", 4096, 512
	}
	return "", 0, 0
}

// verifyArduino tries the three digests: the file does not say which was used.
func verifyArduino(key crypto.PublicKey, image, signature []byte) bool {
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		w := h.New()
		w.Write(image)
		digest := w.Sum(nil)
		switch k := key.(type) {
		case *rsa.PublicKey:
			if rsa.VerifyPSS(k, h, digest, signature, nil) == nil {
				return true
			}
		case *ecdsa.PublicKey:
			if ecdsa.VerifyASN1(k, digest, signature) {
				return true
			}
		}
	}
	return false
}
