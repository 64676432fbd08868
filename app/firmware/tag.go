package firmware

import (
	"bytes"
	"slices"
)

const (
	maxTags  = 32  // different ones that are looked at; more are a conflict anyway
	maxQuery = 512 // bytes of a query that are read, so that hostile ones cost no time
	maxValue = 128 // bytes of a value; longer ones are cut
)

// tag is what an update address in the firmware says of platform and version,
// as it is written there: update?dev=SMART-LAMP&ver=v1.0.2.
type tag struct {
	update   bool // the path ends in "update", as this server's does
	platform queryValue
	version  queryValue
}

// complete tags name a platform and a version.
func (t tag) complete() bool { return t.platform.fixed() && t.version.fixed() }

func (t tag) String() string {
	return "dev=" + t.platform.text + "&ver=" + t.version.text
}

// queryValue is the value of one key.
type queryValue struct {
	given    bool // the key is there
	text     string
	template bool // some of it is put in at run time, as in dev=%s
}

func (v queryValue) fixed() bool { return v.text != "" && !v.template }

// question reads the query behind a question mark, if there is one. Neither the
// case of the word before it nor a NUL around it can be relied on: linkers merge
// the ends of strings, and not all languages end them with a NUL.
func (t *traces) question(body []byte, at int) {
	q := readQuery(body[at+1:], '&')
	if !q.platform.given && !q.version.given {
		return
	}
	q.update = endsInUpdate(body[:at])
	if !q.update && !(q.platform.given && q.version.given) {
		t.pieces = true
		return
	}
	if !slices.Contains(t.tags, q) {
		t.tags = append(t.tags, q)
	}
}

// colon reads an address with a password, or the explicit marker for firmware
// that builds its address at run time: ESPOTA:dev=NAME;ver=1.2.3, in a string
// that the program uses.
func (t *traces) colon(body []byte, at int) {
	if t.host == "" {
		t.host = hostBehindPassword(body[at+1:])
	}
	if !bytes.HasSuffix(body[:at], []byte("ESPOTA")) {
		return
	}
	if m := readQuery(body[at+1:], ';'); m.complete() && !slices.Contains(t.markers, m) {
		t.markers = append(t.markers, m)
	}
}

// endsInUpdate takes /update/ for /update, as the device route does.
func endsInUpdate(b []byte) bool {
	b = bytes.TrimSuffix(b[max(0, len(b)-8):], []byte("/"))
	return len(b) >= 6 && bytes.EqualFold(b[len(b)-6:], []byte("update"))
}

// readQuery reads KEY=VALUE pairs in any order until a byte that no query has.
// The first of two equal keys counts, as for the device route.
func readQuery(b []byte, separator byte) (t tag) {
	for b = b[:min(len(b), maxQuery)]; len(b) > 0; {
		n := span(b, isKeyByte)
		if n == 0 || n >= len(b) || b[n] != '=' {
			break
		}
		key := b[:n]
		value, next := readValue(b[n+1:], separator)
		switch {
		case bytes.EqualFold(key, []byte("dev")) && !t.platform.given:
			t.platform = value
		case bytes.EqualFold(key, []byte("ver")) && !t.version.given:
			t.version = value
		}
		if next == nil {
			break
		}
		b = next
	}
	return t
}

// readValue reads a value and finds where the next pair begins; nil when there
// is none. What %s or {} stands for is not in the file. Of what else the board will
// send the first byte is kept: v1.0.2~b must not be read as v1.0.2, or the board
// would be offered, for ever, what it runs.
func readValue(b []byte, separator byte) (v queryValue, next []byte) {
	v.given = true
	n := span(b, isNameByte)
	end := n + span(b[n:], func(c byte) bool { return isQueryByte(c) && c != separator })
	switch {
	case n < len(b) && (b[n] == '%' || b[n] == '{' || b[n] == '$'):
		v.template = true
	case end > n, n < len(b) && b[n] == '?':
		n++
	}
	v.text = string(b[:min(n, maxValue)])
	if end < len(b) && b[end] == separator {
		next = b[end+1:]
	}
	return v, next
}

// span is how many bytes at the start of b are of a kind.
func span(b []byte, is func(byte) bool) int {
	for n, c := range b {
		if !is(c) {
			return n
		}
	}
	return len(b)
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isKeyByte(c byte) bool { return isAlnum(c) || c == '_' || c == '-' }

// isNameByte holds for what platform names and versions are written with.
func isNameByte(c byte) bool { return isKeyByte(c) || c == '.' || c == '+' }

// isQueryByte holds for what a board sends of an address. Others end the string,
// or the address in a longer text; what follows a # is for the board alone. A
// question mark starts another query.
func isQueryByte(c byte) bool {
	return c > ' ' && c < 0x7F && !bytes.ContainsRune([]byte("?\"'`<>\\#"), rune(c))
}
