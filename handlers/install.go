package handlers

import (
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
)

// installPolicy is the policy on content of the page that installs over USB. ESP
// Web Tools 10.4.0 has one sheet of styles, that of its console, and two style
// attributes, of icons beside a list of drivers: exactly these are let in, by the
// hashes that the console of a browser tells where one is missing.
const installPolicy = contentPolicy +
	"; style-src-elem 'self' 'sha256-b2Omuoh2JkOIanVTAfAZHwUz9plh5wcKDvK2buVGrFQ='" +
	"; style-src-attr 'unsafe-hashes' 'sha256-w68cv7ZL7DW/1c2v0g4i6aPlMi0iRw663JuMxEmNmU4=' 'sha256-2PZQPqAcY6IE7H879XiZ2Hm3cBUNVB41T1m3kjNvN6E='"

type platformsInstall struct {
	page
	Platform *fleet.Platform
	Release  *release.Release // that is offered; nil for none
	Chips    []string         // that it can be installed on
	Missing  []mergeCommand   // for those that need a merged file
	Squeezed bool             // one is compressed, as no blank chip can start it
}

// mergeCommand is how a merged file is made for a chip.
type mergeCommand struct {
	ID   string
	Chip string
	Text string
}

// showInstall handles GET /platforms/{platform}/install. No other page may use
// serial ports.
func (s *server) showInstall(c *fiber.Ctx) error {
	p, err := s.Platforms.Find(c.UserContext(), platformParam(c))
	if err != nil {
		return err
	}
	v := &platformsInstall{page: page{Title: "Install " + p.Name + " over USB"}, Platform: p}
	if v.Release, err = s.Releases.Offered(c.UserContext(), p.Name); err != nil {
		return err
	}
	v.sort()
	c.Set("Permissions-Policy", permissions+", serial=(self)")
	c.Set("Content-Security-Policy", installPolicy)
	return s.page(c, "platforms/install", v)
}

// sort tells chips that the release can be installed on from those for which
// there is no merged file.
func (v *platformsInstall) sort() {
	if v.Release == nil {
		return
	}
	for i := range v.Release.Images {
		image := &v.Release.Images[i]
		if _, _, ok := installed(image); ok {
			v.Chips = append(v.Chips, image.Chip)
		} else if image.Family == firmware.ESP8266 {
			v.Squeezed = true
		} else {
			v.Missing = append(v.Missing, newMergeCommand(image.Chip))
		}
	}
}

// newMergeCommand puts the files of a build where they lie in the flash.
func newMergeCommand(chip string) mergeCommand {
	id := strings.ToLower(strings.ReplaceAll(chip, "-", ""))
	return mergeCommand{ID: "merge-" + id, Chip: chip, Text: fmt.Sprintf(
		"esptool --chip %s merge-bin -o merged.bin 0x%x bootloader.bin 0x8000 partitions.bin 0xe000 boot_app0.bin 0x10000 firmware.bin", id, firmware.BootloaderAt(chip))}
}

// installing is what the platform of the path offers.
func (s *server) installing(c *fiber.Ctx) (*release.Release, error) {
	name := platformParam(c)
	r, err := s.Releases.Offered(c.UserContext(), name)
	if err == nil && r == nil {
		err = fault.New(fault.NotFound, "%s offers nothing that could be installed.", name)
	}
	return r, err
}

// showInstallManifest handles GET /platforms/{platform}/install/manifest.json,
// for the page alone: its session admits it, and a build that cannot be
// installed, which ESP Web Tools does not expect, is left out.
func (s *server) showInstallManifest(c *fiber.Ctx) error {
	r, err := s.installing(c)
	if err != nil {
		return err
	}
	m := manifest{Name: r.Platform, Version: plainVersion(r), Erase: true, Builds: []manifestBuild{}}
	for i := range r.Images {
		if md5, offset, ok := installed(&r.Images[i]); ok {
			m.Builds = append(m.Builds, manifestBuild{ChipFamily: r.Images[i].Chip, Parts: []manifestPart{{Path: filePath(md5), Offset: offset}}})
		}
	}
	return c.JSON(m)
}

// sendInstallFile handles GET /platforms/{platform}/install/firmware/{md5}.bin.
func (s *server) sendInstallFile(c *fiber.Ctx) error {
	r, err := s.installing(c)
	if err != nil {
		return err
	}
	image := offeredFile(r, c.Params("file"))
	if image == nil {
		return fault.New(fault.NotFound, "%s offers something else by now: open the page once more.", r.Platform)
	}
	return s.sendFirmware(c, r, image)
}
