package firmware

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"esp-update-server/app/version"
)

const maxCandidates = 8 // of each sort that are offered

// findCandidates collects what a person may choose from, the likeliest first.
func (i *inspector) findCandidates(body []byte, tags []tag, d descriptor) {
	var platforms, versions []string
	for _, t := range tags {
		platforms = append(platforms, foldPlatform(t.platform.text))
		versions = append(versions, t.version.text)
	}
	known := knownNames(body, i.o.Platforms)
	project := foldPlatform(d.project)
	if slices.Contains(known, project) || slices.Contains(i.o.Platforms, project) {
		platforms = append(platforms, project)
	}
	platforms = append(platforms, known...)
	if !frameworkProjects[strings.ToLower(d.project)] {
		platforms = append(platforms, project)
	}
	if d.own() {
		versions = append(versions, d.version)
	}
	i.PlatformCandidates = chosen(platforms, func(s string) string {
		if !platformName.MatchString(s) {
			return ""
		}
		return s
	})
	i.VersionCandidates = chosen(append(versions, versionStrings(body, d.idf)...), func(s string) string {
		v, err := version.Parse(s)
		if err != nil || s == d.idf {
			return ""
		}
		return v.String()
	})
}

// chosen keeps the first few different ones in their normal form.
func chosen(all []string, normal func(string) string) []string {
	out := []string{}
	for _, s := range all {
		if s = normal(s); s != "" && len(out) < maxCandidates && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// knownNames are the names of platforms that end a string in the application,
// in any case and with either sign between words. A name within another, such
// as lamp in smart-lamp, does not count.
func knownNames(body []byte, names []string) (found []string) {
	if len(names) == 0 {
		return nil
	}
	known := make(map[string]bool, len(names))
	for _, n := range names {
		known[n] = true
	}
	var word [65]byte
	n := 0
	for _, c := range body {
		if isKeyByte(c) {
			if n < len(word) {
				word[n] = lowerHyphen(c)
			}
			n++
			continue
		}
		if c == 0 && n > 0 && n < len(word) && known[string(word[:n])] {
			found = append(found, string(word[:n]))
			known[found[len(found)-1]] = false
		}
		n = 0
	}
	return found
}

func lowerHyphen(c byte) byte {
	switch {
	case c == '_':
		return '-'
	case c >= 'A' && c <= 'Z':
		return c + 'a' - 'A'
	}
	return c
}

// versionString is a text that looks like a version, with how likely it is the
// firmware's.
type versionString struct {
	text string
	rank int
}

// versionStrings finds texts such as v1.2.3-rc1 that end a string. Those that
// are a string of their own, and those with a v, come first. The descriptor and
// the version of ESP-IDF are left out, and so are numbers with four parts.
func versionStrings(body []byte, idf string) []string {
	const most, mostTried = 64, 1024
	var found []versionString
	tried := 0
	each(body, '.', func(at int) bool {
		v, ok := versionAround(body, at)
		if !ok {
			return true
		}
		tried++
		framework := idf != "" && strings.Contains(strings.TrimPrefix(idf, "v"), strings.TrimLeft(v.text, "vV"))
		if !framework && !slices.ContainsFunc(found, func(f versionString) bool { return f.text == v.text }) {
			found = append(found, v)
		}
		return len(found) < most && tried < mostTried
	})
	slices.SortStableFunc(found, func(a, b versionString) int { return cmp.Compare(b.rank, a.rank) })
	var out []string
	for _, f := range found {
		out = append(out, f.text)
	}
	return out
}

// versionAround reads the version whose first dot is at a place.
func versionAround(b []byte, dot int) (v versionString, ok bool) {
	start := dot
	for start > 0 && isDigit(b[start-1]) && dot-start < 6 {
		start--
	}
	if start == dot {
		return v, false
	}
	if start > 0 && (b[start-1] == 'v' || b[start-1] == 'V') {
		start, v.rank = start-1, v.rank+1
	}
	end := dot + span(b[dot:min(len(b), dot+version.MaxLength)], isNameByte)
	if end >= len(b) || b[end] != 0 || start > 0 && isNameByte(b[start-1]) || bytes.Count(b[dot:end], []byte(".")) < 2 {
		return v, false
	}
	if start > 0 && b[start-1] == 0 {
		v.rank += 2
	}
	v.text = string(b[start:end])
	return v, true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
