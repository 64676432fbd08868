package handlers

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
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
		Lines: manifestLines(s.boardURL(c)+"/platforms/"+name+"/", string(secret)),
	})
}

// manifestLines need no escaping: the address was checked, and the key is of
// letters and digits.
func manifestLines(base, key string) []manifestLine {
	at := func(file string) string { return base + file + "?key=" + key }
	return []manifestLine{
		{ID: "line-esphome", Name: "ESPHome", Text: "update:\n  - platform: http_request\n    name: Firmware\n    source: " + at(manifestFile)},
		{ID: "line-esp32fota", Name: "esp32FOTA", Text: `esp32FOTA.setManifestURL("` + at(fotaFile) + `");`},
		{ID: "line-web-tools", Name: "ESP Web Tools", Text: `<esp-web-install-button manifest="` + at(manifestFile) + `"></esp-web-install-button>`},
	}
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
