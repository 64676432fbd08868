package handlers

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
)

// The files of a platform that tell clients what it offers.
const (
	manifestFile = "manifest.json"
	fotaFile     = "esp32fota.json"
)

// The files whose names stay the same from one release to the next, for clients
// that are told an address and read no manifest.
const (
	latestFile = "firmware.bin"
	latestMD5  = "firmware.md5"
)

var keyedFiles = []string{manifestFile, fotaFile, latestFile, latestMD5}

// manifest is what ESPHome and ESP Web Tools read of a platform. ESPHome offers
// an update when the version is another text than the one in its own
// configuration, so it has no "v".
type manifest struct {
	Name    string          `json:"name"`
	Version string          `json:"version"`
	Erase   bool            `json:"new_install_prompt_erase,omitempty"` // ask whether to, before the first installation
	Builds  []manifestBuild `json:"builds"`
}

// manifestBuild is an image for a family of chips.
type manifestBuild struct {
	ChipFamily string         `json:"chipFamily"`
	OTA        *manifestOTA   `json:"ota,omitempty"`
	Parts      []manifestPart `json:"parts,omitempty"`
}

type manifestOTA struct {
	Path string `json:"path"`
	MD5  string `json:"md5"`
}

// manifestPart is what ESP Web Tools writes over USB.
type manifestPart struct {
	Path   string `json:"path"`
	Offset int64  `json:"offset"`
}

// fotaManifest is what esp32FOTA reads of a platform.
type fotaManifest struct {
	Type    string `json:"type"`
	Version string `json:"version"`
	URL     string `json:"url"`
}

// byKey lets clients through that say no MAC, and have a manifest key of the
// platform instead, to what it offers.
func (s *server) byKey(next func(*fiber.Ctx, *release.Release) error) fiber.Handler {
	return func(c *fiber.Ctx) error {
		defer s.inTime(c)()
		c.Set(fiber.HeaderCacheControl, "no-store")
		c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
		c.Set(fiber.HeaderAccessControlAllowOrigin, "*") // who has the key may have the page of ESP Web Tools anywhere
		name, hash := platformParam(c), fleet.Secret(sentKey(c)).Hash()
		admitted, err := s.Index.Admits(name, hash)
		if err != nil {
			return s.starting(c)
		}
		if !admitted {
			return sendLine(c, fiber.StatusBadRequest, "the address needs ?key= with a manifest key of the platform. Its page in the browser makes one.")
		}
		s.usedKey(hash)
		offered, err := s.Index.Offered(name)
		if err != nil {
			return s.starting(c)
		}
		if offered == nil {
			return sendLine(c, fiber.StatusNotFound, fmt.Sprintf("nothing is published for %s yet.", name))
		}
		return next(c, offered)
	}
}

// sentKey is the manifest key of an address. Older versions of esp32FOTA append
// another question mark to it, with the number of the chip.
func sentKey(c *fiber.Ctx) string {
	key, _, _ := strings.Cut(c.Query("key"), "?")
	return key
}

// showManifest handles GET /platforms/{platform}/manifest.json?key=.
func (s *server) showManifest(c *fiber.Ctx, r *release.Release) error {
	m := manifest{Name: r.Platform, Version: plainVersion(r), Builds: []manifestBuild{}}
	for i := range r.Images {
		image := &r.Images[i]
		b := manifestBuild{ChipFamily: image.Chip, OTA: &manifestOTA{Path: keyedPath(c, image.MD5), MD5: image.MD5}}
		if md5, offset, ok := installed(image); ok {
			b.Parts, m.Erase = []manifestPart{{Path: keyedPath(c, md5), Offset: offset}}, true
		}
		m.Builds = append(m.Builds, b)
	}
	return c.JSON(m)
}

// plainVersion is a version as these clients write it.
func plainVersion(r *release.Release) string { return strings.TrimPrefix(r.Version.String(), "v") }

// filePath is where a file is, seen from the manifest. ESPHome takes a path with
// "http" anywhere for a whole address, so that it must not hold a name that
// people give. The MD5 is the one beside it in the manifest, so that a client which
// read that long ago gets what it read of.
func filePath(md5 string) string { return "firmware/" + md5 + ".bin" }

// keyedPath is filePath for who comes with a manifest key.
func keyedPath(c *fiber.Ctx, md5 string) string { return filePath(md5) + "?key=" + sentKey(c) }

// showFOTA handles GET /platforms/{platform}/esp32fota.json?key=.
func (s *server) showFOTA(c *fiber.Ctx, r *release.Release) error {
	image := r.ImageFor(firmware.ESP32)
	if image == nil {
		return sendLine(c, fiber.StatusNotFound, fmt.Sprintf("%s %s is built for %s.", r.Platform, r.Version, r.Images[0].Chip))
	}
	return c.JSON(fotaManifest{
		Type: r.Platform, Version: plainVersion(r), URL: s.boardURL(c) + "/platforms/" + r.Platform + "/" + keyedPath(c, image.MD5),
	})
}

// sendByKey handles GET /platforms/{platform}/firmware/{md5}.bin?key=.
func (s *server) sendByKey(c *fiber.Ctx, r *release.Release) error {
	from, image, err := s.namedFile(c, r, c.Params("file"))
	switch {
	case err != nil:
		return s.away(c, err)
	case image == nil:
		return sendLine(c, fiber.StatusNotFound, r.Platform+" offers something else by now: read its manifest again.")
	}
	return s.sendKeyed(c, from, image)
}

func (s *server) sendKeyed(c *fiber.Ctx, r *release.Release, image *release.Image) error {
	err := s.sendImage(c, "", &ota.Decision{Release: r, Image: image}, false)
	s.watch(c)
	return err
}

// namedFile is the file of a name with its release: of what is offered, or of what
// was offered before it. ESPHome reads the manifest every six hours, and installs
// what that said; nobody gets so what was withdrawn or lies above what is offered.
func (s *server) namedFile(c *fiber.Ctx, offered *release.Release, name string) (*release.Release, *release.Image, error) {
	if image := offeredFile(offered, name); image != nil {
		return offered, image, nil
	}
	list, err := s.Releases.List(c.UserContext(), offered.Platform)
	for n := range list {
		r := &list[n]
		if image := offeredFile(r, name); image != nil && r.WithdrawnAt == nil && r.Version.Compare(offered.Version) < 0 {
			return r, image, nil
		}
	}
	return nil, nil, err
}

// sendLatest handles GET /platforms/{platform}/firmware.bin?key=.
func (s *server) sendLatest(c *fiber.Ctx, r *release.Release) error {
	return s.sendKeyed(c, r, &r.Images[0])
}

// showLatestMD5 handles GET /platforms/{platform}/firmware.md5?key=, of which
// ESPHome takes the first 32 bytes.
func (s *server) showLatestMD5(c *fiber.Ctx, r *release.Release) error {
	return c.SendString(r.Images[0].MD5)
}

// keyEvery is how exactly it is kept when a manifest key was used.
const keyEvery = time.Minute

// keyUses knows when it was kept last that a manifest key was used. It has only
// keys that are known.
type keyUses struct {
	mu   sync.Mutex
	kept map[string]time.Time
}

// due reports whether the use of a key is to be kept now.
func (k *keyUses) due(hash string, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now.Sub(k.kept[hash]) < keyEvery {
		return false
	}
	if k.kept == nil {
		k.kept = map[string]time.Time{}
	}
	k.kept[hash] = now
	return true
}
