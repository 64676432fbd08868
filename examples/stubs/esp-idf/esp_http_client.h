#pragma once

#include <stdbool.h>

#include "esp_err.h"

#define ESP_ERR_HTTP_BASE 0x7000
#if ESP_IDF >= 505
#define ESP_ERR_HTTP_NOT_MODIFIED (ESP_ERR_HTTP_BASE + 9)
#endif

typedef struct esp_http_client *esp_http_client_handle_t;

typedef enum {
  HTTP_EVENT_ERROR = 0,
  HTTP_EVENT_ON_CONNECTED,
  HTTP_EVENT_HEADERS_SENT,
  HTTP_EVENT_ON_HEADER,
  HTTP_EVENT_ON_DATA,
  HTTP_EVENT_ON_FINISH,
  HTTP_EVENT_DISCONNECTED,
} esp_http_client_event_id_t;

typedef struct esp_http_client_event {
  esp_http_client_event_id_t event_id;
  esp_http_client_handle_t client;
  void *data;
  int data_len;
  void *user_data;
  char *header_key;
  char *header_value;
} esp_http_client_event_t;

typedef struct {
  const char *url;
  int timeout_ms;
  esp_err_t (*event_handler)(esp_http_client_event_t *event);
  esp_err_t (*crt_bundle_attach)(void *conf);
} esp_http_client_config_t;

int esp_http_client_get_status_code(esp_http_client_handle_t client);
esp_err_t esp_http_client_set_header(esp_http_client_handle_t client, const char *key, const char *value);
