package firmware_test

import (
	"fmt"
	"strings"
	"testing"

	"esp-update-server/app/firmware"
)

// TestIdentity: the update address in all the ways that compilers and people
// leave it in a file.
func TestIdentity(t *testing.T) {
	for text, want := range map[string]string{
		"update?dev=SMART-LAMP&ver=v1.0.2":                                 "smart-lamp v1.0.2",
		"update?dev=SMART_LAMP&ver=v1.0.2":                                 "smart-lamp v1.0.2",
		"update?ver=1.0.2&dev=smart-lamp":                                  "smart-lamp v1.0.2",
		"UPDATE?Ver=V1.0.2&DEV=Smart-Lamp":                                 "smart-lamp v1.0.2",
		"update/?dev=lamp&ver=1":                                           "lamp v1.0.0",
		"update?dev=lamp&ver=1.2":                                          "lamp v1.2.0",
		"update?dev=lamp&ver=v1.0.2-rc.1+b5":                               "lamp v1.0.2-rc.1+b5",
		"update?dev=lamp&ver=v1.0.2&token=abc":                             "lamp v1.0.2",
		"update?token=a.b/c&dev=lamp&x=%s&ver=v1.0.2&mac=%02X":             "lamp v1.0.2",
		"update?dev=lamp&ver=v1.0.2\" method=get":                          "lamp v1.0.2",
		"update?dev=lamp&ver=v1.0.2 HTTP/1.1":                              "lamp v1.0.2",
		"update?dev=lamp&ver=v1.0.2\xff\xfe":                               "lamp v1.0.2",
		"update?dev=lamp&ver=v1.0.2#x":                                     "lamp v1.0.2",
		"http://192.168.0.10:5000/update?dev=lamp&ver=v1.0.2":              "lamp v1.0.2",
		"see http://x/y?a=b http://h/esp/update?ver=v1.0.2&dev=lamp":       "lamp v1.0.2",
		"?ver=v1.0.2&dev=lamp":                                             "lamp v1.0.2",
		"http://h/firmware.php?dev=lamp&ver=v1.0.2":                        "lamp v1.0.2",
		"http://h/other?dev=a&ver=v9.9.9\x00update?dev=lamp&ver=v1.0.2":    "lamp v1.0.2",
		"update?dev=lamp&ver=v1.0.2\x00update?dev=LAMP&ver=1.0.2":          "lamp v1.0.2",
		"update?dev=%s&ver=%s\x00update?dev=lamp&ver=v1.0.2":               "lamp v1.0.2",
		"v4.4.6\x00v5.1.4\x00update?dev=lamp&ver=v0.1.0":                   "lamp v0.1.0",
		"ESPOTA:dev=SMART_LAMP;ver=1.0.2":                                  "smart-lamp v1.0.2",
		"ESPOTA:ver=1.0.2;dev=lamp\x00update?dev=%s&ver=%s":                "lamp v1.0.2",
		"ESPOTA:dev=lamp;ver=1.0.2\x00update?dev=lamp&ver=v1.0.2":          "lamp v1.0.2",
		"update?dev=lamp&ver=v1.0.2&dev=other":                             "lamp v1.0.2",
		"update?dev=" + strings.Repeat("a", 64) + "&ver=v1":                strings.Repeat("a", 64) + " v1.0.0",
		"update?update?dev=lamp&ver=v1.0.2&" + strings.Repeat("a=b&", 500): "lamp v1.0.2",
	} {
		for build, data := range map[string][]byte{
			"ESP32": sketch(text), "ESP8266": esp8266{3, text}.build(), "gzip": zipped(esp8266{2, text}.build()),
		} {
			i := firmware.Inspect(data, firmware.Options{File: build + " with " + text})
			sound(t, data, i)
			if got := i.Platform + " " + i.Version; got != want || !i.Publishable || i.IdentifiedBy != "tag" {
				t.Errorf("%s: %q, publishable %v: %s", i.File, got, i.Publishable, i.Refusal())
			}
		}
	}
}

// TestNoIdentity: what is refused, and what is known all the same.
func TestNoIdentity(t *testing.T) {
	for text, c := range map[string]struct{ code, platform, say string }{
		"nothing": {"tag-missing", "", "There is no update?dev"},
		"/update\x00?ver=\x00v1.0.2\x00&dev=\x00Chase":       {"tag-missing", "", "only pieces"},
		"update?dev=%s&ver=%s":                               {"tag-template", "", "while it runs (dev=…&ver=…)"},
		"update?dev=lamp&ver=%s":                             {"tag-template", "lamp", "dev=lamp&ver=…"},
		"update?dev=lamp&ver=v%d.%d.%d":                      {"tag-template", "lamp", "ver=v…"},
		"update?dev=%s&ver=v1.0.2":                           {"tag-template", "", "ver=v1.0.2"},
		"update?dev={}&ver={}":                               {"tag-template", "", "while it runs"},
		"update?dev=\x00&ver=":                               {"tag-template", "", "while it runs"},
		"h/path?dev=%s&ver=%s":                               {"tag-template", "", "while it runs"},
		"update?dev=lamp&ver=":                               {"version-missing", "lamp", "as lamp"},
		"update?dev=lamp":                                    {"version-missing", "lamp", "as lamp"},
		"update?dev=lamp&ver=1.2.3.4":                        {"version-invalid", "lamp", `Version "1.2.3.4" has 4 parts`},
		"update?dev=lamp&ver=v1.02.3":                        {"version-invalid", "lamp", "leading zero"},
		"update?dev=lamp&ver=dev":                            {"version-invalid", "lamp", "not semantic"},
		"update?dev=lamp&ver=v1.0.2_b":                       {"version-invalid", "lamp", "v1.0.2_b"},
		"update?dev=lamp&ver=v1.0.2~b1":                      {"version-invalid", "lamp", "v1.0.2~"},
		"update?dev=lamp&ver=v1.0.2(prod)":                   {"version-invalid", "lamp", "v1.0.2("},
		"update?dev=lamp&ver=v1.0.2,":                        {"version-invalid", "lamp", "v1.0.2,"},
		"update?ver=v1.0.2:r7&dev=lamp":                      {"version-invalid", "lamp", "v1.0.2:"},
		"update?dev=lamp&ver=v1.0.2/eu":                      {"version-invalid", "lamp", "v1.0.2/"},
		"update?dev=lamp&ver=v1.0.2;x":                       {"version-invalid", "lamp", "v1.0.2;"},
		"update?dev=lamp&ver=v1.0.2?x":                       {"version-invalid", "lamp", "v1.0.2?"},
		"update?dev=my~lamp&ver=v1.0.2":                      {"platform-invalid", "", "my~"},
		"update?dev=my/lamp&ver=v1.0.2":                      {"platform-invalid", "", "my/"},
		"update?dev=-lamp&ver=v1.0.2":                        {"platform-invalid", "", "-lamp"},
		"update?dev=my.lamp&ver=v1.0.2":                      {"platform-invalid", "", "my.lamp"},
		"update?dev=" + strings.Repeat("a", 65) + "&ver=v1":  {"platform-invalid", "", "64 at most"},
		"update?dev=a&ver=v1.0.2\x00update?dev=b&ver=v3.4.5": {"tag-conflict", "", "a v1.0.2; b v3.4.5"},
		"update?dev=a&ver=v1.0.2\x00update?dev=A&ver=v1.0.3": {"tag-conflict", "a", "a v1.0.2; A v1.0.3"},
		"update?dev=a&ver=v1.0.2\x00update?dev=a&ver=beta":   {"tag-conflict", "a", "a beta"},
		"update?dev=a&ver=v1.0.2\x00ESPOTA:dev=b;ver=1.0.2":  {"tag-conflict", "", "b 1.0.2"},
	} {
		data := sketch(text)
		i := firmware.Inspect(data, firmware.Options{File: text})
		sound(t, data, i)
		expect(t, i, firmware.Fail, c.code, c.say)
		if !i.Sendable || i.Publishable || i.Version != "" || i.Platform != c.platform {
			t.Errorf("%q: sendable %v, publishable %v, platform %q, version %q", text, i.Sendable, i.Publishable, i.Platform, i.Version)
		}
		if !strings.Contains(i.Refusal(), c.say) || !strings.Contains(i.Refusal(), "build") {
			t.Errorf("%q: the refusal is %q", text, i.Refusal())
		}
	}
}

// TestManyIdentities: a conflict names a few and counts the rest.
func TestManyIdentities(t *testing.T) {
	var text strings.Builder
	for n := range 200 {
		fmt.Fprintf(&text, "update?dev=p%d&ver=v1.0.%d\x00", n, n)
	}
	i := inspect(sketch(text.String()))
	expect(t, i, firmware.Fail, "tag-conflict", "p4 v1.0.4; 27 more")
}

// TestFrameworkVersion: the version of ESP-IDF, Arduino or ESPHome is in every
// image; it is never the firmware's.
func TestFrameworkVersion(t *testing.T) {
	for name, desc := range map[string][]byte{
		"Arduino": arduino(), "old Arduino": descriptor("esp32-arduino-lib-builder", "v3.3.1", "v3.3.1"), "Tasmota": descriptor("", "", "5.3.1.241024"),
		"ESPHome": descriptor("kitchen-lamp", "2024.10.3", "4.4.8"), "MicroPython": descriptor("micropython", "v1.23.0", "v5.0.4"),
	} {
		i := firmware.Inspect(c3(desc, "v4.4.6\x00 esphome \x00v5.1.4-dirty\x00").build(), firmware.Options{File: name})
		if i.Version != "" || i.Platform != "" || !i.Sendable {
			t.Errorf("%s: %s %s by %s", name, i.Platform, i.Version, i.IdentifiedBy)
		}
		if i.AppVersion != "" {
			expect(t, i, firmware.Warn, "framework-version", i.AppVersion)
		}
	}
	expect(t, inspect(sketch(tagText)), firmware.Pass, "framework-version", "Arduino")
}

// TestDescriptorIdentity: that of the user's own ESP-IDF project counts, and is
// enough where there are signs of an update client.
func TestDescriptorIdentity(t *testing.T) {
	for text, publishable := range map[string]bool{"": false, "esp_https_ota": true, "update?dev=%s&ver=%s": true, "x-ESP32-STA-MAC\x00ESP32-http-Update": true} {
		i := inspect(c3(descriptor("my_lamp", "1.4.0", "v5.4"), text+"\x00").build())
		if i.Platform != "my-lamp" || i.Version != "v1.4.0" || i.IdentifiedBy != "descriptor" || i.Publishable != publishable {
			t.Errorf("%q: %s %s by %s, publishable %v: %s", text, i.Platform, i.Version, i.IdentifiedBy, i.Publishable, i.Refusal())
		}
	}
	i := inspect(c3(descriptor("my_lamp", "1.4.0", "v5.4"), tagText).build())
	if i.Platform != "smart-lamp" || i.Version != "v1.0.2" || i.IdentifiedBy != "tag" {
		t.Errorf("the address comes first; got %s %s", i.Platform, i.Version)
	}
	for _, version := range []string{"1", "0296947-dirty", "", "qa-test-v5.0"} {
		if i := inspect(c3(descriptor("my_lamp", version, "v5.4"), "esp_https_ota").build()); i.Version != "" || i.Publishable {
			t.Errorf("%q is not a version that somebody gave; got %s", version, i.Version)
		}
	}
}

func TestDoubtfulVersions(t *testing.T) {
	expect(t, inspect(sketch("update?dev=lamp&ver=v0.0.0")), firmware.Warn, "version-placeholder", "v0.0.0")
	i := inspect(sketch("update?dev=lamp&ver=v1.4.1-2-g0296947-dirty"))
	expect(t, i, firmware.Warn, "version-prerelease", "lower than v1.4.1")
	if !i.Publishable {
		t.Error("a warning does not refuse")
	}
}

// TestCandidates: what a person may choose from, the likeliest first.
func TestCandidates(t *testing.T) {
	text := "192.168.4.1\x00lwip 2.1.3\x00?ver=\x001.0.2\x00v3.1.4\x00v4.4.6\x00Smart_Lamp\x00smart-plug-x\x00my smart-fan\x00"
	i := firmware.Inspect(sketch(text), firmware.Options{Platforms: []string{"lamp", "smart-lamp", "smart-plug", "smart-fan"}})
	if got := fmt.Sprint(i.PlatformCandidates, i.VersionCandidates); got != "[smart-lamp smart-fan] [v3.1.4 v1.0.2 v2.1.3]" {
		t.Errorf("candidates %s", got)
	}
	i = firmware.Inspect(c3(descriptor("kitchen_lamp", "2.0.0", "v5.4"), "kitchen\x00").build(), firmware.Options{Platforms: []string{"kitchen", "kitchen-lamp"}})
	if i.Platform != "kitchen-lamp" || i.Version != "v2.0.0" {
		t.Errorf("%s %s", i.Platform, i.Version)
	}
	i = firmware.Inspect(c3(descriptor("blink", "1", "v5.4"), "kitchen\x00").build(), firmware.Options{Platforms: []string{"kitchen", "blink"}})
	if got := fmt.Sprint(i.PlatformCandidates); got != "[blink kitchen]" {
		t.Errorf("candidates %s", got)
	}
}

// TestIdentityOutsideOfTheApplication: a boot loader's text does not count, that
// of code behind a RAM-only header does.
func TestIdentityOutsideOfTheApplication(t *testing.T) {
	data := esp8266{2, "x"}.build()
	copy(data[1024:], tagText)
	expect(t, inspect(data), firmware.Fail, "tag-missing", "")
	if i := inspect(append(sketch("x"), "..."+tagText...)); i.Platform != "smart-lamp" {
		t.Errorf("text behind the image: %v", codes(i))
	}
}
