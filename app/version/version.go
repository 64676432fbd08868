// Package version reads and orders the versions of firmware. They are semantic
// (semver.org 2.0.0) with an optional leading v on input.
package version

import (
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/mod/semver"

	"esp-update-server/app/fault"
)

// MaxLength is how many bytes of a version are read and kept.
const MaxLength = 64

// Version is a version as it was read. The zero value stands for none.
// Versions are ordered by Compare, never by their text.
type Version struct {
	text      string // canonical "v1.2.3-rc.1+build" when readable, else as sent
	canonical string // what semver orders; empty when unreadable
}

var (
	number = `[0-9]+`
	// shape wants all three numbers before a pre-release, or dates such as
	// 2021-11-11b would be versions.
	shape   = regexp.MustCompile(`^[vV]?(` + number + `)(?:\.(` + number + `)(?:\.(` + number + `)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?)?)?$`)
	numeric = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*`)
	zeros   = regexp.MustCompile(`^0+([0-9])`)
	digits  = regexp.MustCompile(`^[0-9]+$`)
)

// Parse reads a version strictly, as files and people must write it. The error
// is a fault.Invalid whose sentence says what is wrong.
func Parse(s string) (Version, error) {
	if s == "" {
		return Version{}, invalid("The version is missing: write it as v1.2.3.")
	}
	if len(s) > MaxLength {
		return Version{}, tooLong()
	}
	m := shape.FindStringSubmatch(s)
	if m == nil {
		return Version{}, notSemantic(s)
	}
	for _, part := range m[1:4] {
		if len(part) > 1 && part[0] == '0' {
			return Version{}, invalid("Version %q has a leading zero in %q: write it without, as v1.2.3.", s, part)
		}
	}
	v := assemble(m)
	if len(v) > MaxLength {
		return Version{}, tooLong()
	}
	if !semver.IsValid(v) {
		return Version{}, notSemantic(s)
	}
	return Version{text: v, canonical: semver.Canonical(v)}, nil
}

// ParseLenient reads what a board reports. Leading zeros are dropped; what
// still cannot be read is kept Legible, and is lower than every readable version.
func ParseLenient(s string) Version {
	s = Legible(s)
	if v, err := Parse(s); err == nil {
		return v
	}
	if m := shape.FindStringSubmatch(s); m != nil {
		for i := range m[1:4] {
			m[i+1] = zeros.ReplaceAllString(m[i+1], "$1")
		}
		m[4] = withoutZeros(m[4])
		if v, err := Parse(assemble(m)); err == nil {
			return v
		}
	}
	return Version{text: s}
}

// withoutZeros drops the leading zeros of the numbers among the identifiers of a
// pre-release; 0a is none.
func withoutZeros(pre string) string {
	parts := strings.Split(strings.TrimPrefix(pre, "-"), ".")
	for i, p := range parts {
		if digits.MatchString(p) {
			parts[i] = zeros.ReplaceAllString(p, "$1")
		}
	}
	return pre[:min(len(pre), 1)] + strings.Join(parts, ".")
}

// Legible is as much of a foreign string as is read as a version: MaxLength bytes
// of UTF-8, in which a replacement character stands for what is none and for NUL,
// which no database text can hold. What was legible once stays as it is.
func Legible(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", "�")
	if len(s) > MaxLength {
		s = strings.ToValidUTF8(s[:MaxLength], "")
	}
	return s
}

// assemble joins the matched parts to a full version with its leading v.
func assemble(m []string) string {
	for i := 2; i <= 3; i++ {
		if m[i] == "" {
			m[i] = "0"
		}
	}
	return "v" + m[1] + "." + m[2] + "." + m[3] + m[4] + m[5]
}

func tooLong() error {
	return invalid("The version is longer than %d characters, with its v and all three numbers.", MaxLength)
}

func notSemantic(s string) error {
	if n := numeric.FindString(strings.TrimLeft(s, "vV")); strings.Count(n, ".") > 2 {
		return invalid("Version %q has %d parts: a semantic version has three, such as v1.2.3.", s, strings.Count(n, ".")+1)
	}
	return invalid("Version %q is not semantic: write it as v1.2.3, or v1.2.3-rc1 for a pre-release.", s)
}

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, "%s", fmt.Sprintf(format, args...))
}

// String is the version as it is shown: with its v when readable, else as sent.
func (v Version) String() string { return v.text }

// Readable reports whether the version is semantic and so can be ordered.
func (v Version) Readable() bool { return v.canonical != "" }

// IsZero reports whether there is no version at all.
func (v Version) IsZero() bool { return v.text == "" }

// Compare orders versions as semver.org does: negative when v is lower than w,
// zero when they differ in build metadata at most. Unreadable ones are equal to
// each other and lower than all others.
func (v Version) Compare(w Version) int { return semver.Compare(v.canonical, w.canonical) }
