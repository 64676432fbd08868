// Over-the-air updates with ESP-IDF 5.0 or newer: the board asks the update server at start and then every hour. A new
// firmware that cannot reach the server is given up for the one before, for nobody could replace it over the air.
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "esp_app_desc.h"
#include "esp_crt_bundle.h"
#include "esp_event.h"
#include "esp_http_client.h"
#include "esp_https_ota.h"
#include "esp_log.h"
#include "esp_mac.h"
#include "esp_netif.h"
#include "esp_ota_ops.h"
#include "esp_system.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "nvs_flash.h"
#include "protocol_examples_common.h"

#define UPDATE_SERVER "http://192.168.1.10:5000/"  // the address of your update server, with http or https
#define CHECK_EVERY (60 * 60 * 1000)               // milliseconds

// Name and version of the project, which CMakeLists.txt sets. Keep this in one piece, made of literals: it is what the
// server looks for in the .bin. (From the descriptor alone it takes them with a warning.)
#define QUERY "update?dev=" PROJECT_NAME "&ver=" PROJECT_VER

static const char *TAG = "update";
static bool reached = false;  // the server has answered since the start, whatever it said

// The server knows a board by its MAC, and esp_https_ota sends none. What is set here goes with every request, so that
// partial_http_download and ota_resumption work too: the server sends a board all parts of one release. A client that
// cannot set headers may put the MAC into the address, behind the rest: "update?dev=…&ver=…&mac=24:6F:28:AA:BB:CC".
static esp_err_t identify(esp_http_client_handle_t client) {
  uint8_t mac[6];
  esp_err_t err = esp_read_mac(mac, ESP_MAC_WIFI_STA);
  if (err != ESP_OK) {
    return err;
  }
  char text[18];
  snprintf(text, sizeof(text), "%02X:%02X:%02X:%02X:%02X:%02X", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
  return esp_http_client_set_header(client, "x-ESP32-STA-MAC", text);
}

// A refusal is one line that says why, such as "Error: device 24:6F:28:AA:BB:CC is not on the whitelist of smart-lamp."
static esp_err_t on_event(esp_http_client_event_t *event) {
  if (event->event_id == HTTP_EVENT_ON_HEADER) {
    reached = true;
  } else if (event->event_id == HTTP_EVENT_ON_DATA && esp_http_client_get_status_code(event->client) >= 400) {
    ESP_LOGW(TAG, "%.*s", event->data_len, (const char *)event->data);
  }
  return ESP_OK;
}

// "304 Not Modified" is the server's word for it. ESP-IDF has an error for that from 5.5 on; older versions begin an
// update, of which no byte will come.
static bool nothing_new(esp_err_t err, esp_https_ota_handle_t update) {
#ifdef ESP_ERR_HTTP_NOT_MODIFIED
  if (err == ESP_ERR_HTTP_NOT_MODIFIED) {
    return true;
  }
#endif
  return err == ESP_OK && esp_https_ota_get_status_code(update) == 304;
}

// A firmware that was just installed is on trial until this: when the board restarts before, the one before is back.
// The place for checks of your own, such as that of a sensor.
static void confirm_firmware(void) {
  esp_ota_img_states_t state;
  if (reached && esp_ota_get_state_partition(esp_ota_get_running_partition(), &state) == ESP_OK &&
      state == ESP_OTA_IMG_PENDING_VERIFY && esp_ota_mark_app_valid_cancel_rollback() == ESP_OK) {
    ESP_LOGI(TAG, "the new firmware works and stays");
  }
}

// Writes the image into the other partition. The server has checked it; that it is for this project costs nothing to
// look at once more before the flash is touched.
static esp_err_t download(esp_https_ota_handle_t update) {
  esp_app_desc_t next;
  esp_err_t err = esp_https_ota_get_img_desc(update, &next);
  if (err != ESP_OK) {
    return err;
  }
  if (strcmp(next.project_name, esp_app_get_description()->project_name) != 0) {
    ESP_LOGE(TAG, "the firmware on offer is of another project: %s", next.project_name);
    return ESP_ERR_INVALID_VERSION;
  }
  ESP_LOGI(TAG, "installing %s", next.version);
  do {
    err = esp_https_ota_perform(update);
  } while (err == ESP_ERR_HTTPS_OTA_IN_PROGRESS);
  return err == ESP_OK && !esp_https_ota_is_complete_data_received(update) ? ESP_ERR_INVALID_SIZE : err;
}

static esp_err_t install(esp_https_ota_handle_t update) {
  esp_err_t err = download(update);
  if (err != ESP_OK) {
    esp_https_ota_abort(update);
    return err;
  }
  return esp_https_ota_finish(update);
}

static void check_for_update(void) {
  esp_http_client_config_t http = {
      .url = UPDATE_SERVER QUERY,
      .event_handler = on_event,
      .timeout_ms = 10000,
      .crt_bundle_attach = esp_crt_bundle_attach,
  };
  esp_https_ota_config_t config = {.http_config = &http, .http_client_init_cb = identify};
  esp_https_ota_handle_t update = NULL;

  esp_err_t err = esp_https_ota_begin(&config, &update);
  confirm_firmware();  // before anything is written, which ESP-IDF refuses to a firmware on trial
  if (nothing_new(err, update)) {
    ESP_LOGI(TAG, PROJECT_NAME " " PROJECT_VER " is up to date");
    if (update != NULL) {
      esp_https_ota_abort(update);
    }
  } else if (err != ESP_OK || (err = install(update)) != ESP_OK) {
    ESP_LOGW(TAG, "no update: %s", esp_err_to_name(err));
  } else {
    ESP_LOGI(TAG, "restarting");
    // The place to put your outputs into a safe state.
    esp_restart();
  }
}

void app_main(void) {
  const esp_app_desc_t *app = esp_app_get_description();
  ESP_LOGI(TAG, "%s %s, built on %s with ESP-IDF %s", app->project_name, app->version, app->date, app->idf_ver);

  ESP_ERROR_CHECK(nvs_flash_init());
  ESP_ERROR_CHECK(esp_netif_init());
  ESP_ERROR_CHECK(esp_event_loop_create_default());
  ESP_ERROR_CHECK(example_connect());  // waits until there is a network

  while (true) {
    check_for_update();
    vTaskDelay(pdMS_TO_TICKS(CHECK_EVERY));
  }
}
