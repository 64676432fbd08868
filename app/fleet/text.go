package fleet

import "strings"

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
