// Over-the-air updates for an ESP8266, with all that helps in the field: progress, an LED, errors in plain words,
// an early second try after a failure, and boards that do not all ask at the same moment.
// For the ESP8266 Arduino core, 3.0 or newer.
#include <ESP8266WiFi.h>
#include <ESP8266httpUpdate.h>

// The server reads these two out of the .bin you upload. Raise VERSION with each build that you publish.
#define PLATFORM "smart-lamp"
#define VERSION "v1.0.0"

const char *WIFI_NAME = "your network";
const char *WIFI_PASSWORD = "your password";
const char *UPDATE_SERVER = "http://192.168.1.10:5000/";

#ifdef LED_BUILTIN
const int LED_PIN = LED_BUILTIN;
#else
const int LED_PIN = -1;  // the core knows no LED on this board: give its pin, if there is one
#endif

const unsigned long SECOND = 1000;  // milliseconds
const unsigned long CHECK_EVERY = 60 * 60 * SECOND;
const unsigned long RETRY_AFTER = 5 * 60 * SECOND;
const unsigned long SPREAD = 30 * SECOND;  // boards that get power together ask at random moments of this span

unsigned long lastCheck = 0;
unsigned long waitFor = 0;

// What an error of the update means here. Codes above zero come from writing the flash, those down to -99 from the
// network, and those from -100 on from the answer of the server.
const char *explain(int error) {
  switch (error) {
    case HTTP_UE_TOO_LESS_SPACE:
      return "there is no room for the firmware beside the running one: a smaller file system makes some";
    case HTTP_UE_SERVER_NOT_REPORT_SIZE:
      return "the answer has no length: is there a proxy between board and server?";
    case HTTP_UE_SERVER_FILE_NOT_FOUND:
    case HTTP_UE_SERVER_FORBIDDEN:
      return "something else than the update server answered: check UPDATE_SERVER";
    case HTTP_UE_SERVER_WRONG_HTTP_CODE:
      return "the server refused: its page of this device says why (a new board has to be permitted there first)";
    case HTTP_UE_SERVER_FAULTY_MD5:
      return "the checksum in the answer is damaged";
    case HTTP_UE_BIN_VERIFY_HEADER_FAILED:
      return "what arrived is not firmware for this chip, or arrived too late";
    case HTTP_UE_BIN_FOR_WRONG_FLASH:
      return "the firmware was built for a larger flash chip";
    case HTTP_UE_SERVER_UNAUTHORIZED:
      return "something between board and server asks for a password";
    default:
      return error > 0 ? "the firmware arrived damaged or could not be written" : "the server was not reached";
  }
}

void onStart() {
  Serial.println("Update: downloading");
}

void onProgress(int done, int total) {
  static int shown = -1;
  int tenth = total > 0 ? done * 10LL / total : 0;
  if (tenth != shown) {  // ten lines a download, not thousands
    shown = tenth;
    Serial.printf("Update: %d of %d bytes\n", done, total);
  }
}

void onEnd() {
  Serial.println("Update: installed");
}

void onError(int error) {
  if (error != 0) {
    Serial.printf("Update: failed with code %d, %s\n", error, explain(error));
  }
}

// Asks the server once and returns how long to wait before asking again.
unsigned long checkForUpdate() {
  WiFiClient client;
  // The address may change at run time, but what follows it has to stay in one piece: the server looks for it in the
  // .bin. Where that cannot be, see the example "marker".
  String url = String(UPDATE_SERVER) + "update?dev=" PLATFORM "&ver=" VERSION;

  switch (ESPhttpUpdate.update(client, url)) {
    case HTTP_UPDATE_OK:
      Serial.println("Update: restarting");
      Serial.flush();
      // The place to put your outputs into a safe state.
      ESP.restart();
      break;
    case HTTP_UPDATE_NO_UPDATES:
      Serial.println("Update: " PLATFORM " " VERSION " is up to date");
      break;
    case HTTP_UPDATE_FAILED:
      Serial.printf("Update: %s\n", ESPhttpUpdate.getLastErrorString().c_str());
      return RETRY_AFTER;
  }
  return CHECK_EVERY;
}

// Asks for a file system with a version of its own, released beside the firmware, and reports whether a newer one was
// written. Stop using the one that is there before (LittleFS.end()), and restart after it. A board keeps no version of
// its file system by itself; a small file in it can hold that. The parts of the address stand apart here, since the
// server takes what is in one piece for the version of the firmware.
bool updateFilesystem(const String &has) {
  WiFiClient client;
  String url = String(UPDATE_SERVER) + "update?dev=" + PLATFORM + "&ver=" + has;
  return ESPhttpUpdate.updateFS(client, url) == HTTP_UPDATE_OK;
}

void setup() {
  Serial.begin(115200);
  Serial.println("\n" PLATFORM " " VERSION);

  ESPhttpUpdate.onStart(onStart);
  ESPhttpUpdate.onProgress(onProgress);
  ESPhttpUpdate.onEnd(onEnd);
  ESPhttpUpdate.onError(onError);
  ESPhttpUpdate.setLedPin(LED_PIN, LOW);  // LOW: most boards light their LED with it
  ESPhttpUpdate.rebootOnUpdate(false);  // this sketch restarts by itself, once all is ready for it

  WiFi.mode(WIFI_STA);
  WiFi.begin(WIFI_NAME, WIFI_PASSWORD);
  waitFor = random(SPREAD);
}

void loop() {
  // The difference stays right when millis() starts again at zero, after 49 days.
  if (WiFi.status() == WL_CONNECTED && millis() - lastCheck >= waitFor) {
    waitFor = checkForUpdate();
    lastCheck = millis();
  }

  // What your board is for goes here. Do not wait in it: the loop has to come round for the next check.
}
