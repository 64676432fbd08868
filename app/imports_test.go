package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "esp-update-server/"

// mayImport is the law of imports: for each package, the packages of this
// module that it may import. Tests may import more.
var mayImport = map[string][]string{
	"app":          {"app/*", "handlers", "db"},
	"handlers":     {"app/*", "templates", "static", "examples"},
	"db":           {"app/*"},
	"db/dbtest":    {"app/*", "db"},
	"templates":    {},
	"examples":     {},
	"static":       {},
	"app/fault":    {},
	"app/version":  {"app/fault"},
	"app/firmware": {"app/fault", "app/version"},
	"app/account":  {"app/fault"},

	"app/firmware/firmwaretest": {},

	"app/fleet":   {"app/fault", "app/version", "app/firmware"},
	"app/release": {"app/fault", "app/version", "app/firmware", "app/fleet"},
	"app/ota":     {"app/fault", "app/version", "app/firmware", "app/fleet", "app/release"},
	"app/live":    {},

	"app/original": {"app/account", "app/fault", "app/firmware", "app/fleet", "app/release", "app/version"},

	"app/activity": {"app/fleet"},
}

// domainMustNot is what no package below app may import.
var domainMustNot = []string{"net/http", "database/sql", "github.com/gofiber", "github.com/valyala", "github.com/jmoiron", "github.com/lib/pq", "modernc.org"}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func TestLawOfImports(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		law, known := mayImport[name]
		if !known && !strings.HasPrefix(name, "scripts/") && !strings.HasPrefix(name, "examples") {
			t.Errorf("package %s has no law: add it to mayImport", name)
		}
		for _, i := range p.Imports {
			own, isOwn := strings.CutPrefix(i, module)
			if isOwn && known && !allows(law, own) {
				t.Errorf("%s must not import %s", name, own)
			}
			if strings.HasPrefix(name, "app/") && slices.ContainsFunc(domainMustNot, func(s string) bool { return strings.HasPrefix(i, s) }) {
				t.Errorf("%s must not import %s: the domain knows neither HTTP nor SQL", name, i)
			}
			if name == "app/firmware" && !isOwn && strings.Contains(strings.SplitN(i, "/", 2)[0], ".") {
				t.Errorf("%s must not import %s: the inspector needs the standard library alone", name, i)
			}
		}
	}
}

func allows(law []string, name string) bool {
	return slices.Contains(law, name) || strings.HasPrefix(name, "app/") && slices.Contains(law, "app/*")
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}
