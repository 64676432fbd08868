package handlers

import (
	"fmt"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/firmware"
	"esp-update-server/app/live"
	"esp-update-server/app/release"
)

// installationCard is what a platform's page tells of first installations.
type installationCard struct {
	Platform  string
	Rows      []releaseRow // of images beside which a merged file is kept
	Ready     bool         // what is offered can be installed
	MayChange bool
}

// newInstallationCard picks from the history of a platform.
func newInstallationCard(platform string, history []releaseRow, mayChange bool) *installationCard {
	card := &installationCard{Platform: platform, MayChange: mayChange}
	for _, r := range history {
		if r.Image.Merged != nil {
			card.Rows = append(card.Rows, r)
		}
		card.Ready = card.Ready || r.Installable()
	}
	return card
}

// Installable reports whether the image is offered and all is there that a blank
// chip needs.
func (r releaseRow) Installable() bool {
	_, _, ok := installed(r.Image)
	return r.Offered && ok
}

// installed is the file that brings an image to a blank chip, by its MD5, and the
// flash address that it is written to. It is not ok when there is none.
func installed(i *release.Image) (md5 string, offset int64, ok bool) {
	switch {
	case i.Merged != nil:
		return i.Merged.MD5, i.Merged.Offset, true
	case bootsAlone(i):
		return i.MD5, 0, true
	}
	return "", 0, false
}

// bootsAlone reports whether an image is all that a blank chip needs, as it is on
// the ESP8266. Others need a boot loader and a partition table before it.
func bootsAlone(i *release.Image) bool {
	return i.Family == firmware.ESP8266 && (i.Inspection == nil || !i.Inspection.Compressed)
}

// offeredFile is the file of a release that a path names, as an image to send:
// one of its images, or what a blank chip gets for one. It is nil for no such
// file.
func offeredFile(r *release.Release, name string) *release.Image {
	for i := range r.Images {
		image := &r.Images[i]
		if name == image.MD5+".bin" {
			return image
		}
		if m := image.Merged; m != nil && name == m.MD5+".bin" {
			return &release.Image{SHA256: m.SHA256, MD5: m.MD5, Size: m.Size, Chip: image.Chip, Family: image.Family}
		}
	}
	return nil
}

// deleteMerged handles DELETE /platforms/{platform}/releases/{version}/merged/{md5}:
// the file is no longer kept for first installations.
func (s *server) deleteMerged(c *fiber.Ctx) error {
	name := platformParam(c)
	v, err := versionParam(c)
	if err != nil {
		return err
	}
	if err := s.Releases.RemoveMerged(c.UserContext(), name, v, keyParam(c, "md5")); err != nil {
		return err
	}
	s.did(c, "first installation removed", "platform", name, "version", v.String())
	s.changed(live.Platform + name)
	return s.done(c, "/platforms/"+name+"#installations", fmt.Sprintf("The merged file of %s is removed: what is published stays.", v))
}
