// What HTTPUpdate.h and ESP8266httpUpdate.h have in common, included by both stubs.
#pragma once

#include <Arduino.h>

enum HTTPUpdateResult { HTTP_UPDATE_FAILED, HTTP_UPDATE_NO_UPDATES, HTTP_UPDATE_OK };
typedef HTTPUpdateResult t_httpUpdate_return;

using HTTPUpdateStartCB = std::function<void()>;
using HTTPUpdateEndCB = std::function<void()>;
using HTTPUpdateErrorCB = std::function<void(int)>;
using HTTPUpdateProgressCB = std::function<void(int, int)>;

constexpr int HTTP_UE_TOO_LESS_SPACE = -100;
constexpr int HTTP_UE_SERVER_NOT_REPORT_SIZE = -101;
constexpr int HTTP_UE_SERVER_FILE_NOT_FOUND = -102;
constexpr int HTTP_UE_SERVER_FORBIDDEN = -103;
constexpr int HTTP_UE_SERVER_WRONG_HTTP_CODE = -104;
constexpr int HTTP_UE_SERVER_FAULTY_MD5 = -105;
constexpr int HTTP_UE_BIN_VERIFY_HEADER_FAILED = -106;
constexpr int HTTP_UE_BIN_FOR_WRONG_FLASH = -107;

// The methods that do not depend on the client's type.
class HTTPUpdateCommon {
 public:
  void rebootOnUpdate(bool reboot);
  void setLedPin(int ledPin = -1, uint8_t ledOn = HIGH);
  void onStart(HTTPUpdateStartCB callback);
  void onEnd(HTTPUpdateEndCB callback);
  void onError(HTTPUpdateErrorCB callback);
  void onProgress(HTTPUpdateProgressCB callback);
  void setAuthorization(const String& user, const String& password);
  int getLastError();
  String getLastErrorString();
};
