#pragma once

#include <WiFi.h>
#include <update.h>

constexpr int HTTP_UE_NO_PARTITION = -108;

#if ESP_ARDUINO_VERSION_MAJOR >= 3
#define CLIENT NetworkClient
#else
#define CLIENT WiFiClient
#endif

class HTTPClient;
using HTTPUpdateRequestCB = std::function<void(HTTPClient *)>;

class HTTPUpdate : public HTTPUpdateCommon {
 public:
  t_httpUpdate_return update(CLIENT &client, const String &url, const String &currentVersion = "",
                             HTTPUpdateRequestCB requestCB = NULL);
  t_httpUpdate_return update(CLIENT &client, const String &host, uint16_t port, const String &uri = "/",
                             const String &currentVersion = "", HTTPUpdateRequestCB requestCB = NULL);
  t_httpUpdate_return updateSpiffs(CLIENT &client, const String &url, const String &currentVersion = "",
                                   HTTPUpdateRequestCB requestCB = NULL);
  t_httpUpdate_return update(HTTPClient &httpClient, const String &currentVersion = "",
                             HTTPUpdateRequestCB requestCB = NULL);
};
extern HTTPUpdate httpUpdate;
