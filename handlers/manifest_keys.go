package handlers

import (
	"context"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
	"esp-update-server/app/release"
)

// manifestCard is what a platform's page tells of its manifest keys.
type manifestCard struct {
	Platform  string
	Keys      []fleet.ManifestKey
	MayChange bool
}

func (s *server) manifestCard(c *fiber.Ctx, p *fleet.Platform) (*manifestCard, error) {
	keys, err := s.Platforms.ManifestKeys(c.UserContext(), p.Name)
	return &manifestCard{Platform: p.Name, Keys: keys, MayChange: mayChange(c)}, err
}

type manifestKeyMade struct {
	page
	Platform string
	Secret   string
	Lines    []manifestLine
}

// manifestLine is what a client is told to read a manifest.
type manifestLine struct {
	ID   string
	Name string // of the client
	Text string
}

// createManifestKey handles POST /platforms/{platform}/manifest-keys, and shows
// the key this once.
func (s *server) createManifestKey(c *fiber.Ctx) error {
	name, secret := platformParam(c), fleet.NewManifestKey()
	if err := s.Platforms.AddManifestKey(c.UserContext(), name, secret.Hash()); err != nil {
		return err
	}
	s.did(c, "manifest key made", "platform", name)
	s.changed(live.Platform + name)
	return s.page(c, "platforms/manifest-key", &manifestKeyMade{
		page: page{Title: "A manifest key of " + name}, Platform: name, Secret: string(secret),
		Lines: manifestLines(s.boardURL(c)+"/platforms/"+name+"/", string(secret), s.installable(name)),
	})
}

// installable reports whether all is there that a blank chip needs of what a
// platform offers. ESP Web Tools hangs on a manifest of anything else.
func (s *server) installable(platform string) bool {
	offered, err := s.Index.Offered(platform)
	if err != nil || offered == nil {
		return false
	}
	return slices.ContainsFunc(offered.Images, func(i release.Image) bool {
		_, _, ok := installed(&i)
		return ok
	})
}

// manifestLines need no escaping: the address was checked, and the key is of
// letters and digits.
func manifestLines(base, key string, installable bool) []manifestLine {
	at := func(file string) string { return base + file + "?key=" + key }
	lines := []manifestLine{
		{ID: "line-esphome", Name: "ESPHome", Text: "ota:\n  - platform: http_request\nupdate:\n  - platform: http_request\n    name: Firmware\n    source: " + at(manifestFile)},
		{ID: "line-esphome-flash", Name: "ESPHome, in an action", Text: "ota.http_request.flash:\n  url: " + at(latestFile) + "\n  md5_url: " + at(latestMD5)},
		{ID: "line-esp32fota", Name: "esp32FOTA", Text: `esp32FOTA.setManifestURL("` + at(fotaFile) + `");`},
	}
	if installable {
		lines = append(lines, manifestLine{ID: "line-web-tools", Name: "ESP Web Tools", Text: `<esp-web-install-button manifest="` + at(manifestFile) + `"></esp-web-install-button>`})
	}
	return lines
}

// revokeManifestKey handles DELETE /platforms/{platform}/manifest-keys/{key},
// where the key is named by fleet.ManifestKey.Key.
func (s *server) revokeManifestKey(c *fiber.Ctx) error {
	name := platformParam(c)
	if err := s.Platforms.RevokeManifestKey(c.UserContext(), name, keyParam(c, "key")); err != nil {
		return err
	}
	s.did(c, "manifest key revoked", "platform", name)
	s.changed(live.Platform + name)
	return s.done(c, "/platforms/"+name+"#manifests", "The manifest key is revoked: what uses it is refused from now on.")
}

// usedKey keeps, behind the client's back, that a manifest key was used.
func (s *server) usedKey(hash string) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	if !s.keyUses.due(hash, now) {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), refreshTime)
		defer cancel()
		if err := s.Platforms.UsedManifestKey(ctx, hash, now); err != nil {
			s.Log.Warn("it could not be kept that a manifest key was used", "err", err)
		}
	}()
}
