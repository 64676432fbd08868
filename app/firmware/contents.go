package firmware

import (
	"bytes"
	"encoding/pem"
	"strings"
)

// inspectContents tells what the maker of an application should know before
// many boards have it. Nothing here is more than a warning.
func (i *inspector) inspectContents(body []byte) {
	i.tellClient()
	if i.traces.debug != "" {
		i.warn("debug-build", "Debug output",
			"Set the core debug level to None (Arduino IDE, Tools > Core Debug Level; PlatformIO, CORE_DEBUG_LEVEL) for a release.",
			"The application is built with debug output (%q): it is slower and larger, and prints what should stay inside.", i.traces.debug)
	}
	i.tellCredentials()
	blocks := pemBlocks(body, i.traces.pem)
	i.tellKeys(blocks)
	i.tellCertificates(certificates(body, blocks, i.traces.der))
}

func (i *inspector) tellClient() {
	if client := i.traces.client(); client != "" {
		i.pass("ota-client", "Update client", "The application contains %s.", client)
		return
	}
	i.warn("ota-client", "No update client seen",
		"Call the update client (ESPhttpUpdate, httpUpdate, esp_https_ota) in code that runs, and try it with one board before many.",
		"No text of a known update client is in this application. A board that installs it may never ask for an update again.")
}

// tellCredentials never shows the password itself.
func (i *inspector) tellCredentials() {
	if i.traces.host != "" {
		i.warn("credentials", "Password in an address",
			"Whoever has the file can read it: give each board its own, over another way.",
			"An address in the application holds a user name and a password (for %s).", shown([]byte(i.traces.host)))
	}
	if i.traces.placeholder != "" {
		i.warn("credentials", "Wi-Fi not filled in",
			"Put in the name and password of the network, then build again.",
			"The application contains %q, as examples do: a board with it may not find its network.", i.traces.placeholder)
	}
}

// hostBehindPassword reads //user:password@host; "" for all else, and for
// format strings.
func hostBehindPassword(b []byte) string {
	if !hasPrefix(b, "//") {
		return ""
	}
	b = b[2:min(len(b), 200)]
	at := bytes.IndexByte(b, '@')
	if at < 3 || bytes.IndexByte(b[:at], ':') < 1 || span(b[:at], isUserByte) < at {
		return ""
	}
	return string(b[at+1 : at+1+span(b[at+1:], isNameByte)])
}

func isUserByte(c byte) bool {
	return c > ' ' && c < 0x7F && !strings.ContainsRune(`/%{}"'<>`, rune(c))
}

const (
	maxPEMBytes = 8 << 10 // from its first line to its last
	minKeyBytes = 32      // less is no key
)

// pemBlocks are the PEM blocks whose body is there, not just the first line,
// which every program that can read PEM contains.
func pemBlocks(body []byte, places []int) (blocks []*pem.Block) {
	for _, at := range places {
		text := body[at:min(len(body), at+maxPEMBytes)]
		if end := bytes.IndexByte(text, 0); end >= 0 {
			text = text[:end]
		}
		if b, _ := pem.Decode(text); b != nil && len(b.Bytes) >= minKeyBytes {
			blocks = append(blocks, b)
		}
	}
	return blocks
}

func (i *inspector) tellKeys(blocks []*pem.Block) {
	for _, b := range blocks {
		if strings.HasSuffix(b.Type, "PRIVATE KEY") {
			i.warn("private-key", "Private key inside", "Give each board a key of its own, in a partition that is not part of the update.",
				"The application contains a private key (%s, %s). Whoever has the file has the key.", shown([]byte(b.Type)), bytesOf(len(b.Bytes)))
			return
		}
	}
}
