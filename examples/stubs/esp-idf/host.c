// Plays on a PC what the stubs declare, so that the example runs against a real server: esp_https_ota with its requests
// and its answers to each status, as ESP-IDF 5.0 and 5.5 give them. The first wait or restart ends the program.
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "esp_event.h"
#include "esp_crt_bundle.h"
#include "esp_https_ota.h"
#include "esp_log.h"
#include "esp_mac.h"
#include "esp_netif.h"
#include "esp_ota_ops.h"
#include "esp_system.h"
#include "freertos/task.h"
#include "nvs_flash.h"
#include "protocol_examples_common.h"

struct esp_http_client {
  FILE *in;
  int status;
  long length, received;
  char headers[512];
};

static struct esp_http_client client;
static char image[8 << 20];
static esp_app_desc_t app;

void app_main(void);

int main(int argc, char **argv) {
  snprintf(app.project_name, sizeof(app.project_name), "%s", argc > 1 ? argv[1] : PROJECT_NAME);
  snprintf(app.version, sizeof(app.version), "%s", PROJECT_VER);
  app_main();
  return 1;
}

void esp_log(const char *tag, const char *format, ...) {
  va_list args;
  va_start(args, format);
  printf("%s: ", tag);
  vprintf(format, args);
  puts("");
  va_end(args);
}

const char *esp_err_to_name(esp_err_t code) {
  static char text[16];
  snprintf(text, sizeof(text), "0x%x", (unsigned)code);
  return text;
}

const esp_app_desc_t *esp_app_get_description(void) { return &app; }
esp_err_t esp_crt_bundle_attach(void *conf) { return conf == NULL; }
esp_err_t nvs_flash_init(void) { return ESP_OK; }
esp_err_t esp_netif_init(void) { return ESP_OK; }
esp_err_t esp_event_loop_create_default(void) { return ESP_OK; }
esp_err_t example_connect(void) { return ESP_OK; }

esp_err_t esp_read_mac(uint8_t *mac, esp_mac_type_t type) {
  memcpy(mac, "\x24\x6F\x28\xAA\xBB\xCC", 6);
  return type == ESP_MAC_WIFI_STA ? ESP_OK : ESP_FAIL;
}

void vTaskDelay(const TickType_t ticks) {
  printf("waiting %u s\n", (unsigned)(ticks / configTICK_RATE_HZ));
  exit(0);
}

void esp_restart(void) {
  printf("restarted with %ld bytes\n", client.received);
  exit(0);
}

const esp_partition_t *esp_ota_get_running_partition(void) { return (const esp_partition_t *)&app; }

esp_err_t esp_ota_get_state_partition(const esp_partition_t *partition, esp_ota_img_states_t *state) {
  *state = ESP_OTA_IMG_PENDING_VERIFY;
  return partition == (const esp_partition_t *)&app ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_ota_mark_app_valid_cancel_rollback(void) {
  puts("confirmed");
  return ESP_OK;
}

int esp_http_client_get_status_code(esp_http_client_handle_t c) { return c->status; }

esp_err_t esp_http_client_set_header(esp_http_client_handle_t c, const char *key, const char *value) {
  size_t used = strlen(c->headers);
  snprintf(c->headers + used, sizeof(c->headers) - used, "%s: %s\r\n", key, value);
  return ESP_OK;
}

// Opens the connection, and sends the request as far as the identity of the board belongs to it.
static esp_err_t ask(const char *url) {
  char host[64], path[256];
  int port;
  if (sscanf(url, "http://%63[^:]:%d%255s", host, &port, path) != 3) {
    return ESP_FAIL;
  }
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  int s = socket(AF_INET, SOCK_STREAM, 0);
  if (inet_pton(AF_INET, host, &to.sin_addr) != 1 || connect(s, (struct sockaddr *)&to, sizeof(to)) != 0) {
    return ESP_ERR_HTTP_BASE + 2;
  }
  dprintf(s, "GET %s HTTP/1.1\r\nUser-Agent: ESP32 HTTP Client/1.0\r\nHost: %s:%d\r\n%s%s\r\n", path, host, port,
          ESP_IDF < 505 ? "Content-Length: 0\r\n" : "", client.headers);
  client.in = fdopen(s, "r");
  return ESP_OK;
}

static void tell(const esp_http_client_config_t *http, esp_http_client_event_id_t id, char *data, int length) {
  esp_http_client_event_t event = {.event_id = id, .client = &client, .data = data, .data_len = length};
  http->event_handler(&event);
}

esp_err_t esp_https_ota_begin(const esp_https_ota_config_t *config, esp_https_ota_handle_t *handle) {
  esp_err_t err = config->http_client_init_cb(&client);
  if (err != ESP_OK || (err = ask(config->http_config->url)) != ESP_OK) {
    return err;
  }
  char line[512];
  int status = 0;
  while (fgets(line, sizeof(line), client.in) != NULL && strcmp(line, "\r\n") != 0) {
    if (status == 0) {
      sscanf(line, "HTTP/1.1 %d", &status);
      continue;
    }
    if (strncasecmp(line, "Content-Length: ", 16) == 0) {
      client.length = atol(line + 16);
    }
    tell(config->http_config, HTTP_EVENT_ON_HEADER, NULL, 0);
  }
  client.status = status;  // known to ESP-IDF when the headers are complete, and not before
  if (status >= 400) {
    size_t n = fread(line, 1, client.length < 512 ? (size_t)client.length : 512, client.in);
    tell(config->http_config, HTTP_EVENT_ON_DATA, line, (int)n);
    return ESP_FAIL;
  }
#if ESP_IDF >= 505
  if (status == 304) {
    return ESP_ERR_HTTP_NOT_MODIFIED;
  }
#endif
  *handle = &client;
  return ESP_OK;
}

esp_err_t esp_https_ota_get_img_desc(esp_https_ota_handle_t handle, esp_app_desc_t *next) {
  client.received = (long)fread(image, 1, client.length < 1024 ? (size_t)client.length : 1024, client.in);
  memcpy(next, image + 32, sizeof(*next));
  return handle == &client && client.received == 1024 ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_https_ota_perform(esp_https_ota_handle_t handle) {
  size_t left = (size_t)(client.length - client.received);
  size_t n = fread(image + client.received, 1, left < 4096 ? left : 4096, client.in);
  client.received += (long)n;
  return handle != &client || image[0] != (char)0xE9 ? ESP_FAIL : n == 0 ? ESP_OK : ESP_ERR_HTTPS_OTA_IN_PROGRESS;
}

bool esp_https_ota_is_complete_data_received(esp_https_ota_handle_t handle) {
  return handle == &client && client.received == client.length;
}

int esp_https_ota_get_status_code(esp_https_ota_handle_t handle) { return handle == &client ? client.status : -1; }

esp_err_t esp_https_ota_finish(esp_https_ota_handle_t handle) { return esp_https_ota_abort(handle); }

esp_err_t esp_https_ota_abort(esp_https_ota_handle_t handle) {
  return handle == &client && fclose(client.in) == 0 ? ESP_OK : ESP_FAIL;
}
