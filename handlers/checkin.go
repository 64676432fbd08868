package handlers

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
)

// checkIn reads what a board says. It copies every string: Fiber's are
// overwritten by the next request on the connection.
func (s *server) checkIn(c *fiber.Ctx) *fleet.CheckIn {
	query := string(c.Context().URI().QueryString())
	sent := sentMAC(c, query)
	mac, err := fleet.ParseMAC(sent)
	if err != nil {
		mac = ""
	}
	in := &fleet.CheckIn{
		MAC: mac, SentMAC: sent,
		Platform: rawParam(query, "dev"), Version: rawParam(query, "ver"),
		IP: s.clientIP(c), At: time.Now().UTC().Truncate(time.Microsecond),
		Password: sentPassword(c), Report: report(c),
	}
	in.Plain()
	return in
}

// sentMAC is the MAC of the first header that has one, else of the query.
func sentMAC(c *fiber.Ctx, query string) string {
	for _, name := range macHeaders {
		if mac := header(c, name); mac != "" {
			return mac
		}
	}
	return strings.Clone(rawParam(query, "mac"))
}

// sentPassword is the password that a board sends as HTTP Basic; "" for none. The
// user name beside it may be any: a platform has one password, and its name
// stands in the address already.
func sentPassword(c *fiber.Ctx) fleet.Secret {
	scheme, blob, _ := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return ""
	}
	pair, err := base64.StdEncoding.DecodeString(strings.TrimSpace(blob))
	if err != nil {
		return garbled
	}
	_, password, _ := bytes.Cut(pair, []byte{':'})
	return fleet.Secret(password)
}

// garbled stands for a password that cannot be read. It is none that we make.
const garbled fleet.Secret = "?"

// header is what a board's header says. People who play a board with curl, and
// servers before this one, spell the names with underscores.
func header(c *fiber.Ctx, name string) string {
	v := c.Get(name)
	if v == "" {
		v = c.Get(strings.ReplaceAll(name, "-", "_"))
	}
	return strings.Clone(fleet.Cut(v, fleet.MaxReported))
}

// says reports whether a board sends one of some headers.
func says(c *fiber.Ctx, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return header(c, name) != "" })
}

// report reads the headers of the update client of either family.
func report(c *fiber.Ctx) fleet.Report {
	r := fleet.Report{UserAgent: header(c, fiber.HeaderUserAgent)}
	prefix := ""
	switch {
	case says(c, macHeaders[0]):
		r.Family, prefix = firmware.ESP8266, "x-ESP8266-"
	case says(c, macHeaders[1:]...):
		r.Family, prefix = firmware.ESP32, "x-ESP32-"
	case says(c, "x-ESP8266-mode"): // with its MAC in the query
		r.Family, prefix = firmware.ESP8266, "x-ESP8266-"
	case says(c, "x-ESP32-mode"):
		r.Family, prefix = firmware.ESP32, "x-ESP32-"
	default:
		return r
	}
	said := func(name string) string { return header(c, prefix+name) }
	r.Mode, r.ChipID, r.APMAC = said("mode"), said("Chip-ID"), said("AP-MAC")
	r.FreeSpace, r.SketchSize, r.ChipSize = size(said("free-space")), size(said("sketch-size")), size(said("chip-size"))
	r.SketchMD5, r.SketchSHA256 = strings.ToLower(said("sketch-md5")), strings.ToLower(said("sketch-sha256"))
	r.SDKVersion, r.ClientVersion = said("sdk-version"), said("version")
	r.Inflates = r.Family == firmware.ESP8266 && inflates(c)
	return r
}

// inflates reports whether the core of an ESP8266 is 2.7.0 or newer, whose boot
// loader unpacks images: from then on its client sends the length of the body
// that a GET does not have. It never asks for a part. Behind a proxy that drops the
// header, as Caddy does, a board gets every image as it is.
func inflates(c *fiber.Ctx) bool {
	return c.Method() == fiber.MethodGet && c.Get(fiber.HeaderContentLength) == "0" && c.Get(fiber.HeaderRange) == ""
}

// size reads a number of bytes; 0 when it is none.
func size(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
