#pragma once

#include <station.h>

#define LED_BUILTIN 2

class WiFiClient {};
