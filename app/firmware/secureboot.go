package firmware

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"hash/crc32"
	"math/big"
	"slices"
)

const (
	sectorSize   = 0x1000
	blockSize    = 1216 // of one signature of Secure Boot v2; a sector holds three
	v1Signature  = 68   // of Secure Boot v1: a version, r and s
	blockMagic   = 0xE7
	blockRSA     = 2
	blockECDSA   = 3
	digestSHA384 = 1 // of a block with a curve; 0 is SHA-256
	curveP192    = 1 // 2 is P-256; P-384 is told by its digest
	blockCRC     = 1196
	pssSaltBytes = 32
)

// secureBlock is one signature block of Secure Boot v2 (esp-idf
// esp_secure_boot.h, ets_secure_boot_sig_block_t; espsecure).
type secureBlock struct {
	scheme    string
	bits      int
	sound     bool // its CRC and the digest in it are right
	digest    []byte
	rsa       []byte // signature, little-endian as in the block
	r, s      *big.Int
	algorithm crypto.Hash
}

// findSecureBlocks reads the sector that follows an image, after a filling of
// FF; from is where the image ends, at where the sector begins.
func findSecureBlocks(data []byte, from int) (blocks []secureBlock, at int) {
	at = (from + sectorSize - 1) &^ (sectorSize - 1)
	if at > len(data) || !allOf(data[from:at], 0xFF) {
		return nil, 0
	}
	for n := range 3 {
		b := data[min(at+n*blockSize, len(data)):]
		if len(b) < blockSize || b[0] != blockMagic || b[1] != blockRSA && b[1] != blockECDSA {
			break
		}
		blocks = append(blocks, readSecureBlock(b[:blockSize], data[:at]))
	}
	return blocks, at
}

// cutSecureBlock is how many bytes are missing of the one block that a file ends
// within; 0 when it does not.
func cutSecureBlock(data []byte, from int) int {
	at := (from + sectorSize - 1) &^ (sectorSize - 1)
	if at+2 > len(data) || !allOf(data[from:at], 0xFF) || data[at] != blockMagic || data[at+1] != blockRSA && data[at+1] != blockECDSA {
		return 0
	}
	return max(0, at+blockSize-len(data))
}

func readSecureBlock(b, signed []byte) (s secureBlock) {
	s.algorithm, s.digest = crypto.SHA256, b[4:36]
	switch {
	case b[1] == blockRSA:
		s.scheme, s.bits, s.rsa = "Secure Boot v2 RSA-3072", 3072, b[812:1196]
	case b[2] == digestSHA384:
		s.scheme, s.bits, s.algorithm, s.digest = "Secure Boot v2 ECDSA P-384", 384, crypto.SHA384, b[4:52]
		s.r, s.s = littleEndian(b[149:197]), littleEndian(b[197:245])
	case b[36] == curveP192:
		s.scheme, s.bits = "Secure Boot v2 ECDSA P-192", 192
		s.r, s.s = littleEndian(b[101:125]), littleEndian(b[125:149])
	default:
		s.scheme, s.bits = "Secure Boot v2 ECDSA P-256", 256
		s.r, s.s = littleEndian(b[101:133]), littleEndian(b[133:165])
	}
	s.sound = crc32.ChecksumIEEE(b[:blockCRC]) == u32(b, blockCRC) && bytes.Equal(s.digest, digestOf(s.algorithm, signed))
	return s
}

func digestOf(h crypto.Hash, b []byte) []byte {
	if h == crypto.SHA384 {
		d := sha512.Sum384(b)
		return d[:]
	}
	d := sha256.Sum256(b)
	return d[:]
}

func reversed(b []byte) []byte {
	r := slices.Clone(b)
	slices.Reverse(r)
	return r
}

func littleEndian(b []byte) *big.Int { return new(big.Int).SetBytes(reversed(b)) }

func (s secureBlock) verifies(key crypto.PublicKey) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return s.rsa != nil && rsa.VerifyPSS(k, s.algorithm, s.digest, reversed(s.rsa), &rsa.PSSOptions{SaltLength: pssSaltBytes}) == nil
	case *ecdsa.PublicKey:
		return s.r != nil && ecdsa.Verify(k, s.digest, s.r, s.s)
	}
	return false
}

// signedV2 tells of the blocks of Secure Boot v2 that were found.
func (i *inspector) signedV2(blocks []secureBlock) {
	i.Signature = &Signature{Scheme: blocks[0].scheme, KeyBits: blocks[0].bits}
	for n, b := range blocks {
		if !b.sound {
			i.fail("secure-boot", "Signature block damaged", "Sign the image again (espsecure sign-data), and change nothing in it afterwards.",
				"Signature block %d (%s) does not belong to the bytes before it: boards with secure boot would refuse the image.", n+1, b.scheme)
			return
		}
	}
	i.pass("secure-boot", "Signed for secure boot",
		"%s of %s, made for exactly these bytes. Boards without secure boot take it too.", countOf(len(blocks), "signature"), blocks[0].scheme)
	i.verify(func(key crypto.PublicKey) bool {
		return slices.ContainsFunc(blocks, func(b secureBlock) bool { return b.verifies(key) })
	})
}

// isV1Signature: version 0, then r and s; up to 15 bytes without meaning may
// align the end (espsecure sign_data --version 1, esptool elf2image --secure-pad).
func isV1Signature(tail []byte) bool {
	if len(tail) < v1Signature || len(tail) >= v1Signature+16 || u32(tail, 0) != 0 {
		return false
	}
	r, s := tail[4:36], tail[36:v1Signature]
	return !allOf(r, r[0]) && !allOf(s, s[0])
}

func (i *inspector) signedV1(data []byte, at int) {
	i.Signature = &Signature{Scheme: "Secure Boot v1 ECDSA P-256", KeyBits: 256}
	i.pass("secure-boot", "Signed for secure boot",
		"It ends with a signature of Secure Boot v1, ECDSA P-256. Boards without secure boot take it too.")
	i.verify(func(key crypto.PublicKey) bool {
		k, ok := key.(*ecdsa.PublicKey)
		digest, signature := sha256.Sum256(data[:at]), data[at+4:at+v1Signature]
		return ok && ecdsa.Verify(k, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	})
}
