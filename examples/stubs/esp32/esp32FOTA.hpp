// The part of esp32FOTA that the example uses, declared as in its version 0.2.
#pragma once

#include <Arduino.h>

class esp32FOTA {
 public:
  esp32FOTA(const char *firmwareType, int firmwareVersion, bool validate = false, bool allow_insecure_https = false);
  esp32FOTA(const char *firmwareType, const char *firmwareSemanticVersion, bool validate = false,
            bool allow_insecure_https = false);
  void setManifestURL(const char *url);
  bool execHTTPcheck();
  bool execOTA();
};
