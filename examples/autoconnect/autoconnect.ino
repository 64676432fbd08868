// Updates from the portal of AutoConnect: a person opens it on the board, chooses "Update" and then the firmware. For ESP32
// and ESP8266, with AutoConnect 1.4.
#include <AutoConnect.h>

#include "esp_update_marker.h"

// AutoConnect asks for a file, so there is no address that tells the server what this is: the marker does.
#define PLATFORM "smart-lamp"
ESP_UPDATE_MARKER(PLATFORM, "v1.2.0");  // raise the version with each build that you publish

AutoConnect portal;
AutoConnectUpdate update("192.168.1.10", 5000, "/ac/" PLATFORM);  // host and port of your update server

void setup() {
  Serial.begin(115200);
  if (portal.begin()) {
    update.attach(portal);
  }
}

void loop() { portal.handleClient(); }
