package static_test

import (
	"bytes"
	"os"
	"path/filepath"
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
