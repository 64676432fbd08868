package fleet

import (
	"regexp"
	"strings"
)

// Tasmota updates with the update client of its core, and has habits of its own.

// How Tasmota tells what it is: its version and, in brackets, the name of the
// build (CODE_IMAGE_STR in tasmota_configurations.h). Who builds their own gives
// it any name.
var (
	stockTasmota = regexp.MustCompile(`^\d+\.\d+\.\d+(\.\d+)?\((tasmota[\w-]*|minimal|safeboot|sensors|webcam|knx|lite|display|ir|zbbridge|zigbee|bluetooth|lvgl|odroid-go)\)$`)
	ownTasmota   = regexp.MustCompile(`^\d+\.\d+\.\d+(\.\d+)?\([^()]+\)$`)
)

// IsTasmota reports whether the board runs Tasmota: it names a stock build, as in
// 13.4.0(tasmota), or one of its own and, as Tasmota must, no version of the
// release in its address.
func (c *CheckIn) IsTasmota() bool {
	sent := c.Report.ClientVersion
	return stockTasmota.MatchString(sent) || ownTasmota.MatchString(sent) && noVersion.MatchString(c.Version)
}

// noVersion is the version in the address of the documented OtaUrl, with what
// Tasmota appends.
var noVersion = regexp.MustCompile(`^0(-[\w-]+)?(\.gz)?$`)

// Plain takes off what Tasmota appends to the whole address at its later tries.
func (c *CheckIn) Plain() {
	if c.IsTasmota() {
		c.Platform, c.Version = strings.TrimSuffix(c.Platform, ".gz"), strings.TrimSuffix(c.Version, ".gz")
	}
}

// MeansMinimal reports whether a part of the address is what Tasmota makes of it
// to get an image that needs less room: it takes the address for a file's name,
// and puts that into it.
func (c *CheckIn) MeansMinimal(part string) bool {
	return c.IsTasmota() && (strings.Contains(part, "-minimal") || strings.Contains(part, "-safeboot"))
}
