#pragma once

#include <station.h>

// The client got a new name in version 3 of the core. The old one is an alias in later releases, but not in 3.0.0.
#if ESP_ARDUINO_VERSION_MAJOR >= 3
class NetworkClient {};
#else
class WiFiClient {};
#endif
