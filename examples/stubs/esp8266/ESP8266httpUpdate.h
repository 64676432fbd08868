#pragma once

#include <ESP8266WiFi.h>
#include <update.h>

constexpr int HTTP_UE_SERVER_UNAUTHORIZED = -108;

// Since 3.0.1 there is no update(url) without a client.
class ESP8266HTTPUpdate : public HTTPUpdateCommon {
 public:
  t_httpUpdate_return update(WiFiClient &client, const String &url, const String &currentVersion = "");
  t_httpUpdate_return update(WiFiClient &client, const String &host, uint16_t port, const String &uri = "/",
                             const String &currentVersion = "");
  t_httpUpdate_return updateFS(WiFiClient &client, const String &url, const String &currentVersion = "");
};
extern ESP8266HTTPUpdate ESPhttpUpdate;
