// The part of AutoConnect that the example uses, declared as in its version 1.4.
#pragma once

#include <Arduino.h>

class AutoConnect {
 public:
  bool begin();
  void handleClient();
};

class AutoConnectUpdate {
 public:
  explicit AutoConnectUpdate(const String &host = String(""), const uint16_t port = 8000, const String &uri = String("."),
                             const int timeout = 8000, const uint8_t ledOn = LOW);
  void attach(AutoConnect &portal);
};
