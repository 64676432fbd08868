package firmware_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"hash/crc32"
	"math/big"
	"slices"
	"sync"
	"testing"

	"esp-update-server/app/firmware"
)

// Keys are made once: RSA-3072 takes a while.
var (
	rsa2048 = sync.OnceValue(func() *rsa.PrivateKey { k, _ := rsa.GenerateKey(rand.Reader, 2048); return k })
	rsa3072 = sync.OnceValue(func() *rsa.PrivateKey { k, _ := rsa.GenerateKey(rand.Reader, 3072); return k })
	p256    = sync.OnceValue(func() *ecdsa.PrivateKey { k, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader); return k })
	p384    = sync.OnceValue(func() *ecdsa.PrivateKey { k, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader); return k })
)

func publicPEM(k crypto.Signer) []byte {
	der, _ := x509.MarshalPKIXPublicKey(k.Public())
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// signESP8266 does as esp8266/Arduino tools/signing.py; legacy as before 2.5.2.
func signESP8266(data []byte, legacy bool) []byte {
	digest, h := sha256.Sum256(data), crypto.SHA256
	if legacy {
		h = 0
	}
	s, _ := rsa.SignPKCS1v15(nil, rsa2048(), h, digest[:])
	return le.AppendUint32(append(bytes.Clone(data), s...), uint32(len(s)))
}

// signArduino32 does as arduino-esp32 tools/bin_signing.py.
func signArduino32(data []byte, key crypto.Signer) []byte {
	digest := sha512.Sum384(data)
	var opts crypto.SignerOpts = crypto.SHA384
	if _, ok := key.(*rsa.PrivateKey); ok {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: crypto.SHA384}
	}
	s, _ := key.Sign(rand.Reader, digest[:], opts)
	return join(data, s, make([]byte, 512-len(s)))
}

func reversed(b []byte) []byte {
	c := bytes.Clone(b)
	slices.Reverse(c)
	return c
}

func littleEndian(n *big.Int, size int) []byte { return reversed(n.FillBytes(make([]byte, size))) }

// secureBoot2 pads an image to a sector and adds signature blocks.
func secureBoot2(data []byte, keys ...crypto.Signer) []byte {
	data = append(bytes.Clone(data), fill(0xFF, (4096-len(data)%4096)%4096)...)
	sector := fill(0xFF, 4096)
	for n, key := range keys {
		b := sector[n*1216 : (n+1)*1216]
		copy(b, make([]byte, 1216))
		b[0] = 0xE7
		switch k := key.(type) {
		case *rsa.PrivateKey:
			digest := sha256.Sum256(data)
			s, _ := rsa.SignPSS(rand.Reader, k, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: 32})
			b[1] = 2
			copy(b[4:], digest[:])
			copy(b[36:], littleEndian(k.N, 384))
			copy(b[812:], reversed(s))
		case *ecdsa.PrivateKey:
			b[1] = 3
			if k.Curve == elliptic.P384() {
				digest := sha512.Sum384(data)
				r, s, _ := ecdsa.Sign(rand.Reader, k, digest[:])
				b[2], b[52] = 1, 3
				copy(b[4:], digest[:])
				copy(b[149:], littleEndian(r, 48))
				copy(b[197:], littleEndian(s, 48))
				break
			}
			digest := sha256.Sum256(data)
			r, s, _ := ecdsa.Sign(rand.Reader, k, digest[:])
			b[36] = 2
			copy(b[4:], digest[:])
			copy(b[101:], littleEndian(r, 32))
			copy(b[133:], littleEndian(s, 32))
		}
		le.PutUint32(b[1196:], crc32.ChecksumIEEE(b[:1196]))
	}
	return append(data, sector...)
}

// secureBoot1 appends version 0, r, s and the 12 bytes that align the file.
func secureBoot1(data []byte) []byte {
	digest := sha256.Sum256(data)
	r, s, _ := ecdsa.Sign(rand.Reader, p256(), digest[:])
	return join(data, make([]byte, 4), r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32)), fill(0x5A, 12))
}

// TestSignatures: each scheme is named, the right key verifies, a wrong one and
// a changed byte do not.
func TestSignatures(t *testing.T) {
	small, image := esp8266{3, tagText}.build(), sketch(tagText)
	for name, c := range map[string]struct {
		data   []byte
		key    crypto.Signer
		other  crypto.Signer
		scheme string
		bits   int
	}{
		"ESP8266":        {signESP8266(small, false), rsa2048(), rsa3072(), "ESP8266 RSA", 2048},
		"ESP8266 legacy": {signESP8266(small, true), rsa2048(), p256(), "ESP8266 RSA", 2048},
		"ESP8266 gzip":   {signESP8266(zipped(small), false), rsa2048(), rsa3072(), "ESP8266 RSA", 2048},
		"Arduino RSA":    {signArduino32(image, rsa2048()), rsa2048(), rsa3072(), "arduino-esp32 RSA-2048", 2048},
		"Arduino 3072":   {signArduino32(image, rsa3072()), rsa3072(), p256(), "arduino-esp32 RSA-3072", 3072},
		"Arduino ECDSA":  {signArduino32(image, p256()), p256(), p384(), "arduino-esp32 ECDSA", 0},
		"v1":             {secureBoot1(image), p256(), rsa2048(), "Secure Boot v1 ECDSA P-256", 256},
		"v2 RSA":         {secureBoot2(image, rsa3072()), rsa3072(), rsa2048(), "Secure Boot v2 RSA-3072", 3072},
		"v2 P-256":       {secureBoot2(image, p256()), p256(), p384(), "Secure Boot v2 ECDSA P-256", 256},
		"v2 P-384":       {secureBoot2(image, p384()), p384(), p256(), "Secure Boot v2 ECDSA P-384", 384},
		"v2 three":       {secureBoot2(image, p256(), rsa3072(), p384()), p384(), rsa2048(), "Secure Boot v2 ECDSA P-256", 256},
	} {
		plain := firmware.Inspect(c.data, firmware.Options{File: name})
		sound(t, c.data, plain)
		if s := plain.Signature; !plain.Publishable || s == nil || s.Scheme != c.scheme || s.KeyBits != c.bits || s.Verified != nil {
			t.Errorf("%s: publishable %v, signature %+v: %v", name, plain.Publishable, s, codes(plain))
			continue
		}
		right := firmware.Inspect(c.data, firmware.Options{File: name, PublicKey: publicPEM(c.key)})
		expect(t, right, firmware.Pass, "signature", c.scheme)
		if v := right.Signature.Verified; v == nil || !*v || !right.Publishable {
			t.Errorf("%s does not verify", name)
		}
		wrong := firmware.Inspect(c.data, firmware.Options{File: name, PublicKey: publicPEM(c.other)})
		expect(t, wrong, firmware.Fail, "signature", "not with the key")
		if v := wrong.Signature.Verified; v == nil || *v || wrong.Sendable {
			t.Errorf("%s verifies with another key", name)
		}
		expect(t, firmware.Inspect(c.data, firmware.Options{File: name, PublicKey: []byte("no key")}), firmware.Warn, "signature", "cannot be read")
	}
}

func TestSecureBootDamage(t *testing.T) {
	data := secureBoot2(sketch(tagText), p256())
	for _, at := range []int{len(data) - 4096 + 4, len(data) - 4096 + 40, len(data) - 4096 + 1196} {
		broken := flipped(data, at, 1)
		i := inspect(broken)
		sound(t, broken, i)
		expect(t, i, firmware.Fail, "secure-boot", "does not belong")
	}
	for missing, say := range map[int]string{1: "1 byte is missing", 600: "600 bytes are missing", 1214: "1,214 bytes are missing"} {
		cut := data[:len(data)-4096+1216-missing]
		i := inspect(cut)
		sound(t, cut, i)
		expect(t, i, firmware.Fail, "truncated", say)
	}
}

// TestTails: what else may follow an image.
func TestTails(t *testing.T) {
	small, image := esp8266{3, tagText}.build(), sketch(tagText)
	for name, c := range map[string]struct {
		data   []byte
		status firmware.Status
		say    string
	}{
		"filling":     {append(bytes.Clone(image), fill(0xFF, 4000)...), firmware.Pass, "4,000 bytes of 0xFF"},
		"zeros":       {append(bytes.Clone(small), make([]byte, 16)...), firmware.Pass, "16 bytes of 0x00"},
		"junk":        {append(bytes.Clone(image), noise(400)...), firmware.Warn, "400 bytes of something else"},
		"junk of 512": {append(bytes.Clone(image), noise(512)...), firmware.Warn, "512 bytes"},
		"settings":    {append(bytes.Clone(small), noise(2730)...), firmware.Warn, "2,730 bytes"},
	} {
		i := firmware.Inspect(c.data, firmware.Options{File: name})
		sound(t, c.data, i)
		if expect(t, i, c.status, "trailing-bytes", c.say); !i.Publishable {
			t.Errorf("%s is refused: %s", name, i.Refusal())
		}
	}
}

// TestPublicKeyForms: as PKCS #1, and as the key of a certificate.
func TestPublicKeyForms(t *testing.T) {
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&rsa2048().PublicKey)})
	for name, c := range map[string]struct{ data, key []byte }{
		"PKCS #1":     {signESP8266(esp8266{3, tagText}.build(), false), pkcs1},
		"certificate": {secureBoot1(sketch(tagText)), []byte(certificatePEM(authority("CA", now)))},
	} {
		i := firmware.Inspect(c.data, firmware.Options{File: name, PublicKey: c.key})
		expect(t, i, firmware.Pass, "signature", "is that of the public key")
	}
}

// TestSignedInMerged: the signature comes out with the application.
func TestSignedInMerged(t *testing.T) {
	signed := secureBoot2(app(5), p256())
	data := flash(0, map[int][]byte{0: bootloader(5, true), 0x8000: table(twoSlots), 0x10000: signed, 0x30000: {0}})
	if inside, err := firmware.Extract(data); err != nil || !bytes.Equal(inside, signed) {
		t.Errorf("extracted %d bytes, %v; want %d", len(inside), err, len(signed))
	}
}
