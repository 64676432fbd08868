// Package examples embeds the sketches that the server shows, each with the
// names of a platform and of a server in it that are to be replaced.
package examples

import _ "embed"

// The basic sketches, as they lie beside this file.
var (
	//go:embed esp32/basic/basic.ino
	ESP32 string
	//go:embed esp8266/basic/basic.ino
	ESP8266 string
)

// What in the sketches stands for the platform and for the server's address.
const (
	Platform = `"smart-lamp"`
	Server   = `"http://192.168.1.10:5000/"`
)
