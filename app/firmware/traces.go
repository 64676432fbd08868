package firmware

import (
	"bytes"
	"cmp"
)

// traces are what the texts in an application tell of it. They are found by
// looking at one rare byte of each text: a search for every text from its start
// would take longer than all hashing.
type traces struct {
	agent, mac  bool   // of Arduino's update clients: their User-Agent and a header
	idfOTA      bool   // esp_https_ota
	debug       string // a mark of debug output
	placeholder string // a Wi-Fi name or password of an example
	host        string // that an address with a password leads to
	pem         []int  // where PEM blocks begin
	der         []int  // where X.509 certificates may begin
	tags        []tag
	markers     []tag
	pieces      bool // ?dev= or ?ver= with nothing after it
}

// debugMarks are texts that are compiled in with debug output alone: the log
// levels D and V of arduino-esp32 (esp32-hal-log.h), and what ESP8266 libraries
// print with DEBUG_ESP_PORT.
var debugMarks = []string{"[D][%s:%u]", "[V][%s:%u]", "[HTTP-Client][", "[httpUpdate] "}

const (
	maxPEM = 64 // places that are looked at
	maxDER = 64
)

func findTraces(body []byte) (t traces) {
	t.findTags(body)
	each(body, '-', func(at int) bool { t.hyphen(body, at); return true })
	each(body, '_', func(at int) bool { t.underscore(body, at); return true })
	each(body, '[', func(at int) bool {
		for _, m := range debugMarks {
			if hasPrefix(body[at:], m) {
				t.debug = m
			}
		}
		return t.debug == ""
	})
	each(body, 0x82, func(at int) bool {
		if isCertificate(body, at-1) {
			t.der = append(t.der, at-1)
		}
		return len(t.der) < maxDER
	})
	return t
}

// findTags is for bytes of which nothing else is of interest.
func (t *traces) findTags(body []byte) {
	each(body, '?', func(at int) bool { t.question(body, at); return len(t.tags) < maxTags })
	each(body, ':', func(at int) bool { t.colon(body, at); return len(t.markers) < maxTags })
}

func (t *traces) hyphen(body []byte, at int) {
	rest := body[at:]
	switch {
	case hasPrefix(rest, "-Update"):
		t.agent = t.agent || bytes.HasSuffix(body[:at], []byte("http"))
	case hasPrefix(rest, "-STA-MAC"), hasPrefix(rest, "-BASE-MAC"):
		t.mac = true
	case len(t.pem) < maxPEM && hasPrefix(rest, "-----BEGIN "):
		t.pem = append(t.pem, at)
	default:
		t.placeholder = cmp.Or(t.placeholder, placeholder(body, at))
	}
}

func (t *traces) underscore(body []byte, at int) {
	t.idfOTA = t.idfOTA || hasPrefix(body[at:], "_https_ota") && bytes.HasSuffix(body[:at], []byte("esp"))
	t.placeholder = cmp.Or(t.placeholder, placeholder(body, at))
}

// placeholder reads your_ssid, YOUR-PASSWORD and the like around the sign
// between its words.
func placeholder(body []byte, at int) string {
	if at < 4 || !bytes.EqualFold(body[at-4:at], []byte("your")) {
		return ""
	}
	for _, word := range []string{"ssid", "password", "wifi"} {
		if end := at + 1 + len(word); end <= len(body) && bytes.EqualFold(body[at+1:end], []byte(word)) {
			return string(body[at-4 : end])
		}
	}
	return ""
}

// hasPrefix spares a conversion in each call.
func hasPrefix(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }

// each calls f with the place of every byte x until it returns false.
func each(data []byte, x byte, f func(at int) bool) {
	for at := 0; ; at++ {
		n := bytes.IndexByte(data[at:], x)
		if n < 0 {
			return
		}
		if at += n; !f(at) {
			return
		}
	}
}

// client names the update client that is in the application; "" when none is known.
func (t *traces) client() string {
	switch {
	case t.agent && t.mac:
		return "the update client of Arduino"
	case t.idfOTA:
		return "esp_https_ota of ESP-IDF"
	}
	return ""
}
