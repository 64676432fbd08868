package firmware

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"esp-update-server/app/version"
)

// What told platform and version, in order of authority.
const (
	byTag        = "tag"        // the update address, or the explicit marker
	byDescriptor = "descriptor" // the application descriptor of ESP-IDF
)

var (
	platformName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
	gitDescribe  = regexp.MustCompile(`-\d+-g[0-9a-f]{4,}|-dirty`)
)

// foldPlatform turns a name in a file into the name of a platform.
func foldPlatform(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "-") }

// identify finds out for which platform and version the application was built.
// A framework's version is never taken for the firmware's.
func (i *inspector) identify(data []byte, m image) {
	body, rest := m.body(data)
	i.traces = findTraces(body)
	if len(i.traces.tags)+len(i.traces.markers) == 0 {
		i.traces.findTags(rest)
	}
	tags := i.traces.tags
	found := distinct(append(authoritative(tags), i.traces.markers...))
	d, described := readDescriptor(data, descriptorAt)
	framework := ""
	if described && m.form == formESP32 {
		framework = frameworkOf(d, body)
	}
	switch {
	case len(found) == 1:
		i.settle(found[0])
	case len(found) > 1:
		i.conflict(found)
	default:
		i.unsettled(d, described && framework == "")
	}
	i.tellFramework(d, framework)
	if i.Platform == "" || i.Version == "" {
		i.findCandidates(body, tags, d)
	}
}

// body is the application itself and what follows it. A boot loader's strings
// and a signature's bytes say nothing of the application.
func (m *image) body(data []byte) (body, rest []byte) {
	start := m.start
	if !m.whole {
		return data[start:], nil
	}
	return data[start:m.end], data[m.end:]
}

// authoritative are the complete tags: those of this server's own path if there
// are any, else those of any path, which a proxy or a sub-path may have.
func authoritative(tags []tag) (own []tag) {
	var others []tag
	for _, t := range tags {
		switch {
		case !t.complete():
		case t.update:
			own = append(own, t)
		default:
			others = append(others, t)
		}
	}
	if len(own) > 0 {
		return own
	}
	return others
}

// distinct leaves out tags that mean the same: SMART_LAMP is smart-lamp, and
// 1.0.2 is v1.0.2.
func distinct(tags []tag) (out []tag) {
	var seen []string
	for _, t := range tags {
		v := version.ParseLenient(t.version.text).String()
		if strict, err := version.Parse(t.version.text); err == nil {
			v = strict.String()
		}
		meaning := foldPlatform(t.platform.text) + " " + v
		if !slices.Contains(seen, meaning) {
			seen, out = append(seen, meaning), append(out, t)
		}
	}
	return out
}

// settle takes what the one tag says, if platform and version can be so named.
func (i *inspector) settle(t tag) {
	name := foldPlatform(t.platform.text)
	if !platformName.MatchString(name) {
		i.fail("platform-invalid", "No platform name",
			fixTag,
			"The firmware asks for updates as %q, which cannot be the name of a platform: it has letters, digits and hyphens, 64 at most.",
			shown([]byte(t.platform.text)))
		return
	}
	i.Platform = name
	v, err := version.Parse(t.version.text)
	if err != nil {
		i.fail("version-invalid", "Version not readable",
			fixTag,
			"%s The firmware asks for updates with %s.", sentence(err), shown([]byte(t.String())))
		return
	}
	i.Version, i.IdentifiedBy = v.String(), byTag
	i.pass("tag", "Platform and version", "The firmware asks for updates with %s: platform %s, version %s.", shown([]byte(t.String())), name, v)
	i.doubtVersion(v)
}

// sentence ends what package version says with a full stop.
func sentence(err error) string { return strings.TrimSuffix(err.Error(), ".") + "." }

// doubtVersion warns of versions that are right in form, and seldom meant.
func (i *inspector) doubtVersion(v version.Version) {
	switch {
	case v.String() == "v0.0.0":
		i.warn("version-placeholder", "Version never set",
			"Give the firmware its version in the code, then build again.",
			"The version is v0.0.0, which stands in templates: the real one may not have been filled in.")
	case gitDescribe.MatchString(v.String()):
		core, _, _ := strings.Cut(v.String(), "-")
		i.warn("version-prerelease", "Version of a work in progress",
			"Build from a tagged, clean commit for a release.",
			"%s was made by git describe between two tags. It counts as lower than %s.", v, core)
	}
}

// conflict names the identities; which of them is meant, only a person knows.
func (i *inspector) conflict(found []tag) {
	const most = 5
	var names []string
	platform := foldPlatform(found[0].platform.text)
	for n, t := range found {
		if n < most {
			names = append(names, fmt.Sprintf("%s %s", shown([]byte(t.platform.text)), shown([]byte(t.version.text))))
		}
		if foldPlatform(t.platform.text) != platform {
			platform = ""
		}
	}
	if len(found) > most {
		names = append(names, fmt.Sprintf("%d more", len(found)-most))
	}
	if platformName.MatchString(platform) {
		i.Platform = platform
	}
	i.fail("tag-conflict", "Several identities", "Leave one update?dev=…&ver=… in the code, remove the others, and build again.",
		"The firmware names %d different platforms and versions: %s.", len(found), strings.Join(names, "; "))
}

// unsettled is for firmware without one complete tag. The descriptor of an
// ESP-IDF project counts as an answer; that the firmware asks for updates at
// all is then only likely, if there are signs of an update client in it.
func (i *inspector) unsettled(d descriptor, own bool) {
	code, title, detail := i.traces.missing()
	for _, t := range i.traces.tags {
		if name := foldPlatform(t.platform.text); t.update && t.platform.fixed() && platformName.MatchString(name) {
			i.Platform = name
		}
	}
	if !own || !i.identifyByDescriptor(d) {
		i.fail(code, title, fixTag, "%s", detail)
		return
	}
	detail += fmt.Sprintf(" Its descriptor names it %s %s.", i.Platform, i.Version)
	if code != "tag-missing" || i.traces.client() != "" {
		i.warn(code, title, fixTag, "%s", detail)
		return
	}
	i.fail(code, title, fixTag, "%s", detail)
}

func (i *inspector) identifyByDescriptor(d descriptor) bool {
	const defaultVersion = "1" // esp-idf tools/cmake/project.cmake, when nobody gave one
	v, err := version.Parse(d.version)
	name := cmp.Or(i.Platform, foldPlatform(d.project))
	if err != nil || d.version == defaultVersion || !platformName.MatchString(name) {
		return false
	}
	i.Platform, i.Version, i.IdentifiedBy = name, v.String(), byDescriptor
	i.doubtVersion(v)
	return true
}

// missing says what there is in place of a complete tag.
func (t *traces) missing() (code, title, detail string) {
	for _, t := range t.tags {
		switch {
		case t.platform.template || t.version.template || t.update && t.platform.text == "":
			return "tag-template", "Platform or version filled in later",
				fmt.Sprintf("The firmware puts its update address together while it runs (%s), so that platform or version are not in the file as one text.", t.asWritten())
		case t.update && t.version.text == "":
			return "version-missing", "Version missing",
				fmt.Sprintf("The firmware asks for updates as %s, but its version does not follow in the same text.", shown([]byte(t.platform.text)))
		}
	}
	detail = "There is no update?dev=…&ver=… in this application, which would say its platform and version; it may never ask for an update."
	if t.pieces {
		detail = "There is no whole update?dev=…&ver=… in this application, only pieces such as ?dev= or ?ver=: it puts the address together while it runs."
	}
	return "tag-missing", "No platform and version", detail
}

// asWritten shows where something is put in.
func (t tag) asWritten() string {
	show := func(v queryValue) string {
		if v.fixed() {
			return shown([]byte(v.text))
		}
		return shown([]byte(v.text)) + "…"
	}
	return "dev=" + show(t.platform) + "&ver=" + show(t.version)
}

// frameworkOf names the framework whose name and version the descriptor has in
// place of the user's; "" when it is the user's own. ESPHome puts the board's
// name and its own version there.
func frameworkOf(d descriptor, body []byte) string {
	switch {
	case strings.HasPrefix(d.version, "esp-idf:"), strings.Contains(d.project, "arduino-lib-builder"):
		return "Arduino"
	case !d.own():
		return cmp.Or(d.project, "the framework")
	case bytes.Contains(body, []byte("esphome")):
		return "ESPHome"
	}
	return ""
}

func (i *inspector) tellFramework(d descriptor, framework string) {
	if framework == "" || d.version == "" {
		return
	}
	const text = "The version %q in the descriptor is that of %s, not of your firmware; it is not used."
	if i.Platform != "" && i.Version != "" {
		i.pass("framework-version", "Version of the framework", text, d.version, framework)
		return
	}
	i.warn("framework-version", "Version of the framework", fixTag, text, d.version, framework)
}
