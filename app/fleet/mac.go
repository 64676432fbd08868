package fleet

import (
	"strings"

	"esp-update-server/app/fault"
)

// MAC is a device's hardware address as 12 lower-case hexadecimal digits. The
// empty MAC stands for none.
type MAC string

// ParseMAC reads an address in any usual spelling: pairs with colons or
// hyphens, groups of four with dots, or nothing between; in any case. The MAC
// shares no memory with the text, which may be overwritten by the next request.
func ParseMAC(s string) (MAC, error) {
	s = strings.TrimSpace(s)
	digits := s
	switch {
	case len(s) == 17 && (s[2] == ':' || s[2] == '-'):
		digits = ungroup(s, 2)
	case len(s) == 14 && s[4] == '.':
		digits = ungroup(s, 4)
	}
	n, ok := MAC(digits).pack()
	if !ok {
		return "", fault.Field("mac", "%q is not a MAC address: write it as AA:BB:CC:DD:EE:FF.", Cut(s, 64))
	}
	return unpack(n), nil
}

// ungroup drops the separators of groups of n digits; "" when they differ.
func ungroup(s string, n int) string {
	separator := s[n : n+1]
	groups := strings.Split(s, separator)
	for _, g := range groups {
		if len(g) != n {
			return ""
		}
	}
	return strings.Join(groups, "")
}

// String is the address as it is shown: AA:BB:CC:DD:EE:FF.
func (m MAC) String() string {
	if len(m) != 12 {
		return string(m)
	}
	u := strings.ToUpper(string(m))
	return u[0:2] + ":" + u[2:4] + ":" + u[4:6] + ":" + u[6:8] + ":" + u[8:10] + ":" + u[10:12]
}

// MACFragment is the digits of what looks like a MAC or a part of one that is
// written with separators; "" when it does not. "1.0.2" is none: the groups
// between dots have four digits.
func MACFragment(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	for separator, size := range map[string]int{":": 2, "-": 2, ".": 4} {
		groups := strings.Split(s, separator)
		if len(groups) > 1 && areGroups(groups, size) {
			return strings.Join(groups, "")
		}
	}
	return ""
}

// areGroups reports whether texts are hexadecimal groups of a size, of which the
// first and the last may be cut off.
func areGroups(groups []string, size int) bool {
	for i, g := range groups {
		cut := i == 0 || i == len(groups)-1
		if len(g) > size || len(g) < size && !cut || strings.Trim(g, "0123456789abcdef") != "" {
			return false
		}
	}
	return strings.Join(groups, "") != ""
}
