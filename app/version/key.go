package version

import (
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/mod/semver"
)

// Key is a text whose byte order is the order of versions, so that a database
// can sort and compare them. It is hexadecimal because a database may collate
// other text by the rules of a language. Unreadable versions have the empty
// key, which is lower than all others.
func (v Version) Key() string {
	if !v.Readable() {
		return ""
	}
	var b strings.Builder
	core, _, _ := strings.Cut(strings.TrimPrefix(v.canonical, "v"), "-")
	for _, n := range strings.Split(core, ".") {
		b.WriteString(numberKey(n))
	}
	pre := strings.TrimPrefix(semver.Prerelease(v.canonical), "-")
	if pre == "" {
		b.WriteByte('~') // a release is higher than each of its pre-releases
		return hex.EncodeToString([]byte(b.String()))
	}
	for _, id := range strings.Split(pre, ".") {
		b.WriteString(identifierKey(id))
	}
	return hex.EncodeToString([]byte(b.String()))
}

// numberKey puts the count of digits first, so that 9 comes before 10.
func numberKey(n string) string { return fmt.Sprintf("%02d%s", len(n), n) }

// identifierKey sorts numbers before words and ends each identifier with a byte
// lower than any that an identifier can have, so that "a" comes before "a-b"
// and before "a.b".
func identifierKey(id string) string {
	if strings.Trim(id, "0123456789") == "" {
		return "0" + numberKey(id) + "!"
	}
	return "1" + id + "!"
}
