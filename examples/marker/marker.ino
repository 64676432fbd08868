// A firmware marker, for sketches that put the address of the update together at run time. For ESP32 and ESP8266.
#ifdef ESP8266
#include <ESP8266WiFi.h>
#include <ESP8266httpUpdate.h>
#define httpUpdate ESPhttpUpdate
typedef WiFiClient NetworkClient;
#else
#include <HTTPUpdate.h>
#include <WiFi.h>
#if ESP_ARDUINO_VERSION_MAJOR < 3
typedef WiFiClient NetworkClient;  // its name before version 3 of the core
#endif
#endif

#include "esp_update_marker.h"

#define PLATFORM "smart-lamp"
#define VERSION "v1.2.0"

ESP_UPDATE_MARKER(PLATFORM, VERSION);

// Asks the server at host, and returns true if there was no failure.
bool checkForUpdate(const char *host, uint16_t port) {
  char url[128];
  snprintf(url, sizeof(url), "http://%s:%u/update?dev=%s&ver=%s", host, port, PLATFORM, VERSION);

  NetworkClient client;
  return httpUpdate.update(client, url) != HTTP_UPDATE_FAILED;
}

void setup() {
  Serial.begin(115200);
  WiFi.mode(WIFI_STA);
  WiFi.begin("your network", "your password");
}

void loop() {
  static bool checked = false;
  if (!checked && WiFi.status() == WL_CONNECTED) {
    checked = true;
    checkForUpdate("192.168.1.10", 5000);  // in a real project: from your settings
  }
}
