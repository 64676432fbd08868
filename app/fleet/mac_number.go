package fleet

// pack is a MAC as a number; ok is false when it is none.
func (m MAC) pack() (n uint64, ok bool) {
	if len(m) != 12 {
		return 0, false
	}
	for i := range len(m) {
		digit, ok := hexDigit(m[i])
		if !ok {
			return 0, false
		}
		n = n<<4 | uint64(digit)
	}
	return n, true
}

// PackMAC reads a MAC as a number for Index.Again: in the spelling of the update
// clients, AA:BB:CC:DD:EE:FF, or without its colons.
func PackMAC(s []byte) (n uint64, ok bool) {
	if len(s) != 17 && len(s) != 12 {
		return 0, false
	}
	for i, c := range s {
		if len(s) == 17 && i%3 == 2 {
			if c != ':' {
				return 0, false
			}
			continue
		}
		digit, ok := hexDigit(c)
		if !ok {
			return 0, false
		}
		n = n<<4 | uint64(digit)
	}
	return n, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// unpack is the MAC of a number.
func unpack(n uint64) MAC {
	const digits = "0123456789abcdef"
	var b [12]byte
	for i := range b {
		b[len(b)-1-i] = digits[n>>(4*i)&15]
	}
	return MAC(b[:])
}
