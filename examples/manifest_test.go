package examples_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// espHome is what the example for ESPHome must have for updates to be found.
type espHome struct {
	ESPHome struct {
		Project struct{ Name, Version string }
	} `yaml:"esphome"`
	OTA    []struct{ Platform string }
	Update []struct{ Platform, Name, Source string }
	Button []struct {
		OnPress []map[string]struct {
			URL    string
			MD5URL string `yaml:"md5_url"`
		} `yaml:"on_press"`
	}
}

// ESPHome itself is too large to ask for in a test. This is what it reads of the example, by its documentation.
func TestESPHomeReadsItsManifest(t *testing.T) {
	var got espHome
	if err := yaml.Unmarshal(read(t, "esphome/smart-lamp.yaml"), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.OTA) != 1 || got.OTA[0].Platform != "http_request" || len(got.Update) != 1 || got.Update[0].Platform != "http_request" {
		t.Fatalf("%+v", got)
	}
	if p := got.ESPHome.Project; !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(p.Version) || !strings.Contains(p.Name, ".") {
		t.Errorf("%+v", p)
	}
	checkManifest(t, got.Update[0].Source, "/platforms/smart-lamp/manifest.json")
	if len(got.Button) != 1 || len(got.Button[0].OnPress) != 1 {
		t.Fatalf("%+v", got.Button)
	}
	flash := got.Button[0].OnPress[0]["ota.http_request.flash"]
	checkManifest(t, flash.URL, "/platforms/smart-lamp/firmware.bin")
	checkManifest(t, flash.MD5URL, "/platforms/smart-lamp/firmware.md5")
}

func TestESP32FOTAReadsItsManifest(t *testing.T) {
	found := regexp.MustCompile(`#define MANIFEST "(\S+)" PLATFORM "(\S+)"`).FindStringSubmatch(string(read(t, "esp32/fota/fota.ino")))
	if found == nil {
		t.Fatal("the sketch names no manifest")
	}
	checkManifest(t, found[1]+"smart-lamp"+found[2], "/platforms/smart-lamp/esp32fota.json")
}

func checkManifest(t *testing.T, address, path string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Path != path || u.Query().Get("key") == "" || len(u.Query()) != 1 {
		t.Errorf("%s: %v", address, err)
	}
}
