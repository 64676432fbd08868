// Over-the-air updates for an ESP32: the board asks the update server at start and then every hour.
// For arduino-esp32 2.x and 3.x.
#include <HTTPUpdate.h>
#include <WiFi.h>

#if ESP_ARDUINO_VERSION_MAJOR < 3
typedef WiFiClient NetworkClient;  // its name before version 3 of the core
#endif

// The server reads these two out of the .bin you upload. Raise VERSION with each build that you publish.
#define PLATFORM "smart-lamp"
#define VERSION "v1.0.0"

#define UPDATE_SERVER "http://192.168.1.10:5000/"  // the address of your update server
#define WIFI_NAME "your network"
#define WIFI_PASSWORD "your password"

const unsigned long CHECK_EVERY = 60UL * 60 * 1000;  // milliseconds

void checkForUpdate() {
  NetworkClient client;
  // Keep this in one piece: it is what the server looks for in the .bin.
  t_httpUpdate_return result = httpUpdate.update(client, UPDATE_SERVER "update?dev=" PLATFORM "&ver=" VERSION);

  if (result == HTTP_UPDATE_NO_UPDATES) {
    Serial.println(PLATFORM " " VERSION " is up to date.");
  } else if (result == HTTP_UPDATE_FAILED) {
    Serial.printf("No update: %s (%d)\n", httpUpdate.getLastErrorString().c_str(), httpUpdate.getLastError());
  }
  // When an update was installed, the board has restarted by now.
}

void setup() {
  Serial.begin(115200);
  WiFi.mode(WIFI_STA);
  WiFi.begin(WIFI_NAME, WIFI_PASSWORD);
}

void loop() {
  static bool checked = false;
  static unsigned long lastCheck = 0;

  if (WiFi.status() == WL_CONNECTED && (!checked || millis() - lastCheck >= CHECK_EVERY)) {
    checked = true;
    lastCheck = millis();
    checkForUpdate();
  }

  // What your board is for goes here. Do not wait in it: the loop has to come round for the next check.
}
