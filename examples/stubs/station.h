// What WiFi.h and ESP8266WiFi.h have in common, included by both stubs.
#pragma once

#include <Arduino.h>

enum wl_status_t { WL_IDLE_STATUS = 0, WL_CONNECTED = 3, WL_DISCONNECTED = 6 };
enum WiFiMode_t { WIFI_OFF = 0, WIFI_STA = 1, WIFI_AP = 2, WIFI_AP_STA = 3 };

class WiFiClass {
 public:
  bool mode(WiFiMode_t mode);
  wl_status_t begin(const char *ssid, const char *passphrase = nullptr);
  wl_status_t status();
};
extern WiFiClass WiFi;
