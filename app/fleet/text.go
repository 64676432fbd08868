package fleet

import (
	"strings"
	"unicode/utf8"
)

// Cut shortens a foreign string to at most n bytes of valid UTF-8 without NUL
// bytes, which no database text can hold.
func Cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}

// UnixLines ends lines as they are kept. Browsers send forms with CR and LF.
func UnixLines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// Isolated is a foreign string for the middle of a sentence: one that runs from
// right to left, or turns the direction, does not turn the words after it.
func Isolated(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= firstFromRight }) < 0 {
		return s
	}
	turns := func(r rune) rune {
		if r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
			return utf8.RuneError
		}
		return r
	}
	return "\u2068" + strings.Map(turns, s) + "\u2069"
}

// firstFromRight is where Unicode's letters that run from right to left begin.
const firstFromRight = '\u0590'
