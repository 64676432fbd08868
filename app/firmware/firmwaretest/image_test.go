package firmwaretest_test

import (
	"testing"

	"esp-update-server/app/firmware"
	"esp-update-server/app/firmware/firmwaretest"
)

// TestImagesAreSound holds the builder to the inspector.
func TestImagesAreSound(t *testing.T) {
	tag := firmwaretest.Tag("SMART_LAMP", "1.0.2")
	for chip, data := range map[string][]byte{
		"ESP8266":  firmwaretest.ESP8266App(tag),
		"ESP32":    firmwaretest.ESP32App(firmwaretest.ESP32, tag),
		"ESP32-C3": firmwaretest.ESP32App(firmwaretest.ESP32C3, tag),
	} {
		i := firmware.Inspect(data, firmware.Options{})
		if i.Chip != chip || !i.Publishable || i.Platform != "smart-lamp" || i.Version != "v1.0.2" {
			t.Errorf("%s: %+v", chip, i)
		}
	}
	if i := firmware.Inspect(firmwaretest.Gzip(firmwaretest.ESP8266App(tag)), firmware.Options{}); !i.Publishable || !i.Compressed {
		t.Errorf("gzip: %+v", i)
	}
}
