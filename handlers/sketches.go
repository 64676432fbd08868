package handlers

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
	"esp-update-server/examples"
)

// sketch is a program for a board, ready to be pasted.
type sketch struct {
	ID   string // of its text on the page
	Name string // of the boards that it is for
	Open bool
	Text string
}

// sketches are the basic examples with this server and a platform in them, and
// where it asks for a password the place to put that.
func (s *server) sketches(c *fiber.Ctx, platform *fleet.Platform) []sketch {
	base := s.boardURL(c)
	return []sketch{
		{ID: "sketch-esp32", Name: "ESP32", Text: fillSketch(examples.ESP32, base, platform)},
		{ID: "sketch-esp8266", Name: "ESP8266", Text: fillSketch(examples.ESP8266, base, platform)},
	}
}

// fillSketch needs no escaping: a platform's name is of letters, digits and
// hyphens, and the address was checked.
func fillSketch(text, base string, platform *fleet.Platform) string {
	text = strings.NewReplacer(examples.Platform, `"`+platform.Name+`"`, examples.Server, `"`+base+`/"`).Replace(text)
	if strings.HasPrefix(base, "https:") {
		text = overTLS.Replace(text)
	}
	if platform.Passwords.Asked() {
		text = examples.WithPassword(text)
	}
	return text
}

// overTLS lets a sketch speak TLS.
var overTLS = strings.NewReplacer(
	"#include <HTTPUpdate.h>\n", "#include <HTTPUpdate.h>\n#include <WiFiClientSecure.h>\n",
	"#include <ESP8266httpUpdate.h>\n", "#include <ESP8266httpUpdate.h>\n#include <WiFiClientSecure.h>\n",
	"  NetworkClient client;\n", secureClient, "  WiFiClient client;\n", secureClient,
)

const secureClient = `  WiFiClientSecure client;
  client.setInsecure();  // encrypted; to be sure of the server too, give the client its certificate authority instead
`

// hostPort is a host as a browser names it, with or without a port.
var hostPort = regexp.MustCompile(`^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?|\[[0-9a-fA-F:]{2,39}\])(?::[0-9]{1,5})?$`)

// boardURL is how boards reach the server: as the settings say, else as the
// browser does, unless that is by a name that means this very machine.
func (s *server) boardURL(c *fiber.Ctx) string {
	host := string(c.Context().Host())
	switch {
	case s.PublicURL != nil:
		return strings.TrimSuffix(s.PublicURL.String(), "/")
	case !hostPort.MatchString(host) || isLoopback(host):
		return s.LocalURL
	case s.secure(c):
		return "https://" + host
	}
	return "http://" + host
}

// isLoopback reports whether a host, maybe with a port, is the machine of who
// names it.
func isLoopback(host string) bool {
	name := host
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		name = host[:i]
	}
	ip, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && ip.IsLoopback() || strings.EqualFold(name, "localhost") || strings.HasSuffix(strings.ToLower(name), ".localhost")
}
