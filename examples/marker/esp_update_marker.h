// Tells the update server which platform and version a firmware file is, for projects that put the address together at
// run time, so that the server does not find "update?dev=…&ver=…" in the file. Use it once, outside of any function,
// in a file that is sure to be linked (the sketch itself; in ESP-IDF the file with app_main):
//
//   #include "esp_update_marker.h"
//   ESP_UPDATE_MARKER("smart-lamp", "v1.2.0");
//
// Both must be literals, or macros that stand for literals. Works in C and in C++.
#ifndef ESP_UPDATE_MARKER_H
#define ESP_UPDATE_MARKER_H

// The linker drops data that nothing refers to, even if the compiler was told to keep it. So a constructor, which the
// linker always keeps, reads the first byte; "volatile" stops the compiler from leaving out that read. A second marker
// in the same firmware is an error of the linker ("multiple definition"), as it should be.
#define ESP_UPDATE_MARKER(platform, version)                                                      \
  extern const char esp_update_marker[];                                                          \
  __attribute__((used)) const char esp_update_marker[] = "ESPOTA:dev=" platform ";ver=" version; \
  __attribute__((constructor, used)) static void esp_update_marker_keep(void) {                  \
    (void)*(const volatile char *)esp_update_marker;                                              \
  }                                                                                               \
  extern const char esp_update_marker[] /* so that a semicolon can follow */

#endif
