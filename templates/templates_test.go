package templates_test

import (
	"html/template"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"esp-update-server/static"
	"esp-update-server/templates"
)

// files is the text of each template, by its name.
func files(t *testing.T) map[string]string {
	t.Helper()
	found, err := fs.Glob(templates.FS, "*/*.html")
	if err != nil || len(found) == 0 {
		t.Fatal("no templates are embedded: ", err)
	}
	out := map[string]string{}
	for _, path := range found {
		data, err := fs.ReadFile(templates.FS, path)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(path, ".html")] = string(data)
	}
	return out
}

// forbidden is what the policy on content would block, and what would make one
// file more or less than one template.
var forbidden = map[string]*regexp.Regexp{
	"a second template in the file": regexp.MustCompile(`\{\{-?\s*(define|block)\b`),
	"an inline style":               regexp.MustCompile(`(?i)\sstyle\s*=|<style\b`),
	"an inline handler":             regexp.MustCompile(`(?i)\son[a-z]+\s*=|hx-on`),
	"an inline script":              regexp.MustCompile(`(?i)<script(?:\s+(?:defer|async))*\s*>|javascript:|\bjs:`),
	"a trigger filter":              regexp.MustCompile(`hx-trigger="[^"]*\[`),
	"a form in a table row":         regexp.MustCompile(`(?is)<tr[^>]*>\s*<form`),
	"hx-boost":                      regexp.MustCompile(`hx-boost`),
}

func TestTemplatesKeepThePolicy(t *testing.T) {
	for name, text := range files(t) {
		for what, pattern := range forbidden {
			if at := pattern.FindString(text); at != "" {
				t.Errorf("%s has %s: %q", name, what, at)
			}
		}
	}
}

// funcs stand in for those of the handlers, whose results do not matter here.
var funcs = template.FuncMap{
	"asset": static.URL, "icon": func(string) string { return "" }, "ago": func(any) string { return "" },
	"moment": func(any) string { return "" }, "bytes": func(any) string { return "" }, "number": func(any) string { return "" },
	"version": func() string { return "" }, "join": strings.Join,
}

func TestTemplatesParse(t *testing.T) {
	all := template.New("").Funcs(funcs)
	for name, text := range files(t) {
		if _, err := all.New(name).Parse(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var (
	included = regexp.MustCompile(`\{\{-?\s*template\s+"([^"]+)"`)
	assets   = regexp.MustCompile(`asset\s+"([^"]+)"`)
	icons    = regexp.MustCompile(`icon\s+"([^"]+)"`)
)

// TestNothingIsMissingOrLeftOver looks for parts, assets and icons that do not
// exist, and for templates that nothing shows.
func TestNothingIsMissingOrLeftOver(t *testing.T) {
	all := files(t)
	used := named(t, all)
	sprite := read(t, "../static/vendor/lucide/icons.svg")
	for name, text := range all {
		for _, m := range included.FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
			if _, ok := all[m[1]]; !ok {
				t.Errorf("%s includes %s, which does not exist", name, m[1])
			}
		}
		for _, m := range assets.FindAllStringSubmatch(text, -1) {
			if !served(m[1]) {
				t.Errorf("%s needs the asset %s, which does not exist", name, m[1])
			}
		}
		for _, m := range icons.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(sprite, `<symbol id="`+m[1]+`"`) {
				t.Errorf("%s needs the icon %s: add it to scripts/vendor", name, m[1])
			}
		}
	}
	for name := range all {
		if !used[name] {
			t.Errorf("nothing shows %s", name)
		}
	}
}

// served reports whether there is an asset of a name.
func served(name string) (ok bool) {
	defer func() { ok = recover() == nil }()
	return static.URL(name) != ""
}

// named are the templates that the handlers name.
func named(t *testing.T, all map[string]string) map[string]bool {
	t.Helper()
	sources, err := filepath.Glob("../handlers/*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, path := range sources {
		text := read(t, path)
		for name := range all {
			if strings.Contains(text, `"`+name+`"`) {
				used[name] = true
			}
		}
	}
	return used
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
