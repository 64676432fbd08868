package static_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"esp-update-server/static"
)

// TestBundlesAreWhole holds that each style and script of ours is in one bundle,
// once and unchanged.
func TestBundlesAreWhole(t *testing.T) {
	for folder, names := range map[string][]string{"css": {"css/all.css"}, "js": {"js/forms.js", "js/all.js"}} {
		var all []byte
		for _, name := range names {
			data, ok := static.Read(strings.TrimPrefix(static.URL(name), "/static/"))
			if !ok {
				t.Fatalf("%s is not served under its own address", name)
			}
			all = append(all, data...)
		}
		found, err := filepath.Glob(folder + "/*." + folder)
		if err != nil || len(found) == 0 {
			t.Fatal("no files in ", folder, err)
		}
		for _, path := range found {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(all, data); n != 1 {
				t.Errorf("%s is in the bundles %d times: name it once in bundles.go", path, n)
			}
		}
	}
}

// TestAddressesCarryTheContent holds that what is cached for ever is never
// another file's content.
func TestAddressesCarryTheContent(t *testing.T) {
	one := strings.TrimPrefix(static.URL("css/all.css"), "/static/")
	other := strings.TrimPrefix(static.URL("js/all.js"), "/static/")
	hash, _, _ := strings.Cut(one, "/")
	_, path, _ := strings.Cut(other, "/")
	for _, wrong := range []string{hash + "/" + path, "css/all.css", "000000000000/css/all.css", hash + "/../static.go"} {
		if _, ok := static.Read(wrong); ok {
			t.Errorf("%s is served", wrong)
		}
	}
}

// importing finds the names that a module loads others by.
var importing = regexp.MustCompile(`(?:from|import|import\()"\./([^"]+)"`)

// TestModulesFindOneAnother follows the names in vendored modules from the one
// that a page loads, as a browser does: each leads to a file, and no file is left
// over.
func TestModulesFindOneAnother(t *testing.T) {
	folder, entry, _ := strings.Cut(strings.TrimPrefix(static.URL("vendor/esp-web-tools/install-button.js"), "/static/"), "install-button")
	found, todo := map[string]bool{}, []string{"install-button" + entry}
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		if found[name] {
			continue
		}
		found[name] = true
		data, ok := static.Read(folder + name)
		if !ok {
			t.Errorf("%s is not served", folder+name)
		}
		for _, m := range importing.FindAllSubmatch(data, -1) {
			todo = append(todo, string(m[1]))
		}
	}
	there, err := filepath.Glob("vendor/esp-web-tools/*.js")
	if err != nil || len(there) != len(found) || len(found) < 20 {
		t.Errorf("%d modules lead to one another, %d are there: %v", len(found), len(there), err)
	}
}
