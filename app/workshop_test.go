package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/db/dbtest"
)

// folder is a folder with files.
func folder(t *testing.T, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// app is an application that asks for updates of a platform.
func app(platform, version string) []byte {
	return firmwaretest.ESP8266App(firmwaretest.Tag(platform, version) + platform + version)
}

// people are two users whose password is "correct horse", and one who cannot
// come along.
const people = `INSERT INTO user VALUES
  (1, 'admin@example.org', 'sha256$Zq4GvRkT$13a8d32904441d5eff13b0373b3aa01ebf20286d0a66d800ffe49dff2f49b1ed', 'Admin', 1),
  (2, 'Bob@example.org', 'pbkdf2:sha1:1000$NaCl$c138a3032a5c7a14dbf376b1de4911fde1c22e0d', 'Bob', NULL),
  (3, 'joe', 'sha256$Zq4GvRkT$13a8d32904441d5eff13b0373b3aa01ebf20286d0a66d800ffe49dff2f49b1ed', 'Joe', 1),
  (4, 'eve@example.org', 'pbkdf2:sha256:1099511627776$NaCl$00', 'Eve', 1)`

// workshop is an installation of M. van Noord's server in use, with what its
// update route answers to boards (server/main.py).
func workshop(t *testing.T) (dir string, boards []boardAsk) {
	t.Helper()
	lamp, sensor := app("Smart-Lamp", "v1.0.3"), app("door_sensor", "v2.0.0")
	files := map[string][]byte{"smart-lamp_1_0_3.bin": lamp, "Door_Sensor_2_0_0.bin": sensor, "plug_1_0_0.bin": []byte("<html>404</html>")}
	boards = []boardAsk{
		{"smart-lamp", "v1.0.2", "A4:CF:12:B3:C4:D5", 200, lamp},
		{"SMART-LAMP", "v1.0.3", "A4:CF:12:B3:C4:D5", 304, nil},
		{"smart-lamp", "v1.0.2", "A4:CF:12:B3:C4:D6", 200, lamp}, // never heard before
		{"door-sensor", "v1.9.9", "A4:CF:12:B3:C4:D7", 200, sensor},
		{"door_sensor", "v1.9.9", "A4:CF:12:B3:C4:D7", 200, sensor},
		{"smart-lamp", "v1.0.2", "A4:CF:12:B3:C4:D7", 400, nil}, // on another whitelist
		{"smart-lamp", "v1.0.2", "A4:CF:12:B3:C4:D8", 400, nil}, // on none
		{"toaster", "v1.0.2", "A4:CF:12:B3:C4:D8", 400, nil},
	}
	platforms := `INSERT INTO platform VALUES (1, 'smart-lamp', '1.0.3', '2022-01-02 10:11:12.123456', 'Hall', 'smart-lamp_1_0_3.bin', 12),
  (2, 'door_sensor', '2.0.0', '2022-01-02 10:11:12', NULL, 'door_sensor_2_0_0.bin', 0), (3, 'plug', '1.0.0', NULL, '', 'plug_1_0_0.bin', 1)`
	if real := os.Getenv("ESP_FIRMWARE_DIR"); real != "" {
		data, err := os.ReadFile(filepath.Join(real, "esp32c3-app-gtil2_sun-v0.1.11-UPDATEDEV.bin"))
		if err != nil {
			t.Fatal(err)
		}
		files["gtil2_sun_0_1_11.bin"] = data
		platforms += `, (4, 'gtil2_sun', '0.1.11', NULL, NULL, 'gtil2_sun_0_1_11.bin', 3)`
		boards = append(boards, boardAsk{"Gtil2_Sun", "v0.1.10", "A4:CF:12:B3:C4:D9", 200, data})
	}
	dir = folder(t, files)
	dbtest.Original(t, dir, people, platforms, `INSERT INTO device VALUES
  (1, 1, '1.0.2', '10.0.0.5', '2021-12-01 08:00:00', '2022-03-01 09:10:11.5', 'Room 1', 'a4cf12b3c4d5', 'Smart-Lamp'),
  (2, 1, NULL, NULL, '2021-12-01 08:00:00', '2022-03-01 09:10:11', NULL, 'a4cf12b3c4d6', NULL),
  (3, 2, '1.9.9', '10.0.0.6, 10.0.0.1', '2021-12-01 08:00:00', '2022-03-01 09:10:11', NULL, 'a4cf12b3c4d7', 'door_sensor'),
  (4, NULL, '1.0.2', '10.0.0.7', '2021-12-01 08:00:00', '2022-03-01 09:10:11', NULL, 'a4cf12b3c4d8', 'toaster'),
  (5, 4, NULL, NULL, NULL, NULL, NULL, 'a4cf12b3c4d9', NULL)`)
	return dir, boards
}

// boardAsk is what a board asks, and what the original answers.
type boardAsk struct {
	dev, ver, mac string
	status        int
	body          []byte
}

// got reports whether a server gives the answer of the original.
func (b *boardAsk) got(t *testing.T, address string) (ok bool, head string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	chip := "ESP8266"
	if b.dev == "Gtil2_Sun" {
		chip = "ESP32"
	}
	_, _ = fmt.Fprintf(c, "GET /update?dev=%s&ver=%s HTTP/1.0\r\nHost: x\r\nUser-Agent: %[3]s-http-Update\r\nx-%[3]s-STA-MAC: %[4]s\r\nx-%[3]s-mode: sketch\r\n\r\n", b.dev, b.ver, chip, b.mac)
	all, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	h, body, _ := bytes.Cut(all, []byte("\r\n\r\n"))
	return strings.HasPrefix(string(h), fmt.Sprintf("HTTP/1.1 %d ", b.status)) && (b.body == nil || bytes.Equal(body, b.body)), string(h)
}

// waits asks until a server gives the answer of the original.
func (b *boardAsk) waits(t *testing.T, address string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		ok, head := b.got(t, address)
		if ok {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the server goes on answering: %s", head)
		}
	}
}
