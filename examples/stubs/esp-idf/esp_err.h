// The part of ESP-IDF that the example uses, declared as there (5.0 and newer), for checking it on a PC.
#pragma once

#include <stdint.h>
#include <stdlib.h>

typedef int esp_err_t;

#define ESP_OK 0
#define ESP_FAIL -1
#define ESP_ERR_INVALID_SIZE 0x104
#define ESP_ERR_INVALID_VERSION 0x10A

const char *esp_err_to_name(esp_err_t code);

#define ESP_ERROR_CHECK(x)    \
  do {                        \
    if ((x) != ESP_OK) abort(); \
  } while (0)
