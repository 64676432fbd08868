package fleet

import (
	"regexp"
	"strings"
)

// Tasmota updates with the update client of its core, and has habits of its own.

// tasmotaVersion is how Tasmota tells what it is: its version and, in brackets,
// the name of the build. Stock builds are called tasmota, sensors, webcam and
// more; who builds their own gives it any name (CODE_IMAGE_STR).
var tasmotaVersion = regexp.MustCompile(`^\d+\.\d+\.\d+(\.\d+)?\([^()]+\)`)

// IsTasmota reports whether the board names itself one that runs Tasmota, as in
// 13.4.0(tasmota).
func (r *Report) IsTasmota() bool {
	return strings.HasSuffix(r.ClientVersion, ")") && tasmotaVersion.MatchString(r.ClientVersion)
}

// Plain takes off what Tasmota appends to the whole address at its later tries.
func (c *CheckIn) Plain() {
	if c.Report.IsTasmota() {
		c.Platform, c.Version = strings.TrimSuffix(c.Platform, ".gz"), strings.TrimSuffix(c.Version, ".gz")
	}
}

// MeansMinimal reports whether a part of the address is what Tasmota makes of it
// to get an image that needs less room: it takes the address for a file's name,
// and puts that into it.
func (c *CheckIn) MeansMinimal(part string) bool {
	return c.Report.IsTasmota() && (strings.Contains(part, "-minimal") || strings.Contains(part, "-safeboot"))
}
