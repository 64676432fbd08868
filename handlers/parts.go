package handlers

import (
	"context"
	"fmt"
	"math"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
)

// askedPart is what a request wants of an image.
func askedPart(c *fiber.Ctx) ota.Part {
	if c.Method() == fiber.MethodHead {
		return ota.Size
	}
	h := &c.Request().Header
	asked := h.Peek(fiber.HeaderRange)
	if len(asked) == 0 || len(h.Peek(fiber.HeaderIfRange)) > 0 {
		return ota.Whole
	}
	part, whole, _ := parseRange(string(asked), math.MaxInt32)
	switch {
	case whole:
		return ota.Whole
	case part.start > 0:
		return ota.Later
	case part.length == 1:
		return ota.Size
	}
	return ota.First
}

// held is how a device that fetches an image in parts is held to one image.
type held struct {
	asked ota.Part
	pin   *keptPin // nil for not at all
	last  bool     // the answer has the end of the image
	gone  bool     // what is left of the image cannot be had any more
}

// hold decides anew for a device that fetches an image in parts, so that it gets
// all of them from one release. Who takes the whole image gets what is offered.
func (s *server) hold(c *fiber.Ctx, in *fleet.CheckIn, d *ota.Decision, catalog uint32) held {
	asked := askedPart(c)
	offered := d.Answer == fleet.Offer
	switch {
	case !in.Report.WantsApplication():
	case asked == ota.Whole && offered:
		return s.holdToWhole(c, in, d, catalog)
	case asked == ota.Whole || in.File != "":
	case offered || d.Answer == fleet.NoUpdate && asked == ota.Later:
		return s.holdTo(c, in, asked, d, catalog)
	}
	return held{asked: asked}
}

// holdToWhole holds a device that fetched in parts before to the image that it takes
// in one go now: should that break off, it asks for what is left (esp_https_ota sends
// no Range while its parts are no smaller than the image).
func (s *server) holdToWhole(c *fiber.Ctx, in *fleet.CheckIn, d *ota.Decision, catalog uint32) held {
	before := s.pins.known(in.MAC)
	if before == nil || d.Packed {
		return held{asked: ota.Whole}
	}
	ctx, cancel := context.WithTimeout(c.UserContext(), s.waits.pin)
	defer cancel()
	next := &keptPin{Pin: ota.NextPin(before.pin(), in.MAC, d, ota.First, in.At), release: d.Release, catalog: catalog}
	s.pins.keep(ctx, next, before)
	return held{asked: ota.Whole, pin: next, last: true}
}

// holdTo finds the image that a device is held to, or is from now on.
func (s *server) holdTo(c *fiber.Ctx, in *fleet.CheckIn, asked ota.Part, d *ota.Decision, catalog uint32) held {
	ctx, cancel := context.WithTimeout(c.UserContext(), s.waits.pin)
	defer cancel()
	before, next := s.pins.find(ctx, in.MAC), &keptPin{release: d.Release, catalog: catalog}
	platform, _ := fleet.DevicePlatformName(in.Platform)
	holds := false
	if before.pin().Holds(platform, asked, in.At) {
		switch pinned, known := s.decidePinned(ctx, in, before, d.Release, catalog); {
		case pinned != nil:
			*d, next.release, next.catalog, holds = *pinned, before.release, before.catalog, true
		case known && asked == ota.Later:
			return held{asked: asked, gone: true}
		}
	}
	part, _, ok := askedRange(c, imageSize(d))
	if d.Answer != fleet.Offer || !ok || !holds && before.pin().Outlives(platform, asked, in.At) {
		return held{asked: asked}
	}
	d.Rest = asked == ota.Later
	next.Pin = ota.NextPin(before.pin(), in.MAC, d, asked, in.At)
	s.pins.keep(ctx, next, before)
	return held{asked: asked, pin: next, last: asked != ota.Size && part.start+part.length == imageSize(d)}
}

// decidePinned decides with the release that a device is pinned to; nil when the
// device is not offered that any more. While the database is away, that may not
// be known.
func (s *server) decidePinned(ctx context.Context, in *fleet.CheckIn, pin *keptPin, offered *release.Release, catalog uint32) (pinned *ota.Decision, known bool) {
	if !s.lookUp(ctx, pin, offered, catalog) {
		return nil, false
	}
	if pin.release == nil {
		return nil, true
	}
	again, _, err := s.Index.DecidePinned(in, pin.release)
	if err != nil || again.Answer != fleet.Offer || again.Image.SHA256 != pin.SHA256 {
		return nil, true
	}
	return &again, true
}

// lookUp finds the release of a pin, which is nil when it is withdrawn or not kept
// any more, and reports whether it could. Catalog is the number of the state of
// platforms and releases in which that one is offered.
func (s *server) lookUp(ctx context.Context, pin *keptPin, offered *release.Release, catalog uint32) bool {
	if offered != nil && offered.Version.String() == pin.Version && pin.ImageOf(offered) != nil {
		pin.release, pin.catalog = offered, catalog
		return true
	}
	if pin.release != nil && pin.catalog == catalog {
		return true
	}
	found, err := s.Releases.Find(ctx, pin.Platform, "", version.ParseLenient(pin.Version))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return pin.release != nil // as it was
	}
	if err != nil || found.WithdrawnAt != nil || pin.ImageOf(found) == nil {
		found = nil
	}
	pin.release, pin.catalog = found, catalog
	return true
}

// imageSize is how many bytes a decision offers.
func imageSize(d *ota.Decision) int {
	if d.Image == nil {
		return 0
	}
	return int(d.Image.Size)
}

// sendPart sends the part of the offered image that a device asked for. A client
// whose part is gone begins anew; for that it must not be told that it has all.
func (s *server) sendPart(c *fiber.Ctx, mac fleet.MAC, d *ota.Decision, h held) error {
	if h.gone {
		return outOfRange(c, imageSize(d))
	}
	err := s.sendImage(c, mac, d, true)
	if body, ok := c.Response().BodyStream().(*download); ok && h.last {
		counted := body.done
		body.done = func() {
			counted()
			s.pins.took(h.pin)
		}
	}
	return err
}

// outOfRange answers who asks for bytes that an image of a size does not have.
func outOfRange(c *fiber.Ctx, size int) error {
	c.Response().Header.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes */%d", size))
	return sendLine(c, fiber.StatusRequestedRangeNotSatisfiable, fmt.Sprintf("what was asked for is not in the image, which has %d bytes: begin anew.", size))
}
