// Over-the-air updates for an ESP32 with the library esp32FOTA, by a manifest.
#include <WiFi.h>
#include <esp32FOTA.hpp>

#include "esp_update_marker.h"

#define PLATFORM "smart-lamp"
#define VERSION "1.2.0"  // raise it with each build that you publish
ESP_UPDATE_MARKER(PLATFORM, "v" VERSION);

// The page of the platform makes the key, and shows this address with it.
#define MANIFEST "http://192.168.1.10:5000/platforms/" PLATFORM "/esp32fota.json?key=YOUR-MANIFEST-KEY"
#define WIFI_NAME "your network"
#define WIFI_PASSWORD "your password"

const unsigned long CHECK_EVERY = 60UL * 60 * 1000;  // milliseconds

esp32FOTA fota(PLATFORM, VERSION);

void setup() {
  Serial.begin(115200);
  WiFi.mode(WIFI_STA);
  WiFi.begin(WIFI_NAME, WIFI_PASSWORD);
  fota.setManifestURL(MANIFEST);
}

void loop() {
  static bool checked = false;
  static unsigned long lastCheck = 0;

  if (WiFi.status() == WL_CONNECTED && (!checked || millis() - lastCheck >= CHECK_EVERY)) {
    checked = true;
    lastCheck = millis();
    if (fota.execHTTPcheck()) {
      fota.execOTA();  // the board restarts when it got something newer
    }
  }
}
