package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"esp-update-server/examples"
)

// The server shows these where a platform has a password.
func TestSketchesWithPasswordCompile(t *testing.T) {
	for family, sketch := range map[string]string{"esp32": examples.ESP32, "esp8266": examples.ESP8266} {
		text := examples.WithPassword(sketch)
		if strings.Count(text, "setAuthorization(PLATFORM, UPDATE_PASSWORD);") != 1 {
			t.Fatalf("%s sends no password:\n%s", family, text)
		}
		file := filepath.Join(t.TempDir(), family+".ino")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, core := range cores[family] {
			if out, err := compile(t, core, file, "-fsyntax-only"); err != nil {
				t.Errorf("%s: %v\n%s", core.name, err, out)
			}
		}
	}
}
