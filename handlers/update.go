package handlers

import (
	"context"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
)

// update is the device route, the contract with the boards in the field. It
// answers in the few ways that both Arduino update clients understand: never a
// redirect, never HTML, never chunked, never 200 without an image. What is asked
// again and again does not come here: see again.
func (s *server) update(c *fiber.Ctx) error {
	in := s.checkIn(c)
	request := requestHash(c.Context())
	if in.IsTasmota() || in.Report.WantsVersion() {
		request = 0 // which get another answer than the one of again
	}
	return s.answer(c, in, request)
}

// answer decides on a check-in, remembers it under the hash of its request, 0 for
// none, and answers. Tasmota takes a 304 for an update, and restarts.
func (s *server) answer(c *fiber.Ctx, in *fleet.CheckIn, request uint64) error {
	defer s.inTime(c)()
	d, subject, err := s.Index.Decide(in)
	if err != nil {
		return s.starting(c)
	}
	h := s.hold(c, in, &d, subject.Catalog)
	if h.asked == ota.Later {
		request = 0 // it may be in the middle of an image
	}
	if d.Packed {
		s.pack(c.UserContext(), in, &d)
	}
	s.remember(in, &d, &subject, request)
	switch {
	case h.pin != nil || h.gone:
		return s.sendPart(c, in.MAC, &d, h)
	case d.Answer == fleet.NoUpdate && d.Release != nil:
		return s.sendVersion(c, &d)
	case d.Answer == fleet.NoUpdate && in.IsTasmota():
		return sendLine(c, fiber.StatusNotFound, "no update. "+d.Sentence)
	case d.Answer == fleet.NoUpdate:
		return c.SendStatus(fiber.StatusNotModified)
	case d.Answer == fleet.Refusal:
		return sendLine(c, fiber.StatusBadRequest, d.Sentence)
	}
	return s.sendImage(c, in.MAC, &d, false)
}

// starting answers a board while nothing is loaded yet.
func (s *server) starting(c *fiber.Ctx) error {
	return sendLine(c, fiber.StatusServiceUnavailable, "the server is starting and cannot answer yet.")
}

// away answers a board when the server does not have what it decided to send.
func (s *server) away(c *fiber.Ctx, err error) error {
	s.Log.Error("a board could not be answered", "err", err)
	return sendLine(c, fiber.StatusServiceUnavailable, "the server cannot reach its database just now.")
}

// inTime bounds what a request of a board may take.
func (s *server) inTime(c *fiber.Ctx) (cancel func()) {
	ctx, cancel := context.WithTimeout(c.UserContext(), s.waits.board)
	c.SetUserContext(ctx)
	return cancel
}

// sendImage sends the offered image, or the part of it that was asked for. The
// whole image is at hand before the first byte leaves. Pinned is as in
// fleet.Download.
func (s *server) sendImage(c *fiber.Ctx, mac fleet.MAC, d *ota.Decision, pinned bool) error {
	image, md5, sha256, err := s.images.of(c.UserContext(), d)
	if err != nil {
		return s.away(c, err)
	}
	data := image.data
	part, whole, ok := askedRange(c, len(data))
	h := &c.Response().Header
	h.DisableNormalizing() // or x-MD5 would leave as X-Md5
	if !ok {
		return outOfRange(c, len(data))
	}
	h.SetContentType(fiber.MIMEOctetStream)
	h.Set("x-MD5", md5)
	h.Set("x-SHA256", sha256)
	h.Set("x-version", d.Release.Version.String())
	h.Set(fiber.HeaderContentDisposition, fmt.Sprintf("attachment; filename=%q", d.Filename()))
	h.Set(fiber.HeaderAcceptRanges, "bytes")
	if !whole {
		c.Status(fiber.StatusPartialContent)
		h.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes %d-%d/%d", part.start, part.start+part.length-1, len(data)))
	}
	done := func() {}
	if part.length == len(data) && c.Method() != fiber.MethodHead { // as bytes=0- asks for, too
		done = func() { s.downloaded(mac, d, pinned) }
	}
	c.Context().SetBodyStream(&download{of: image, data: data[part.start : part.start+part.length], done: done, crowd: &s.crowd}, part.length)
	return nil
}

// sendVersion tells a board which version is offered, and sends none of it.
func (s *server) sendVersion(c *fiber.Ctx, d *ota.Decision) error {
	h := &c.Response().Header
	h.DisableNormalizing() // or x-MD5 would leave as X-Md5
	h.Set("x-MD5", d.Image.MD5)
	h.Set("x-version", d.Release.Version.String())
	c.Status(fiber.StatusOK)
	return nil
}

// downloaded counts a download whose last byte was taken; by a client with a
// manifest key where there is no MAC.
func (s *server) downloaded(mac fleet.MAC, d *ota.Decision, pinned bool) {
	r, v := d.Release, d.Release.Version.String()
	by := mac.String()
	if by == "" {
		by = "a manifest key"
	}
	s.Log.Info("download finished", "device", by, "platform", r.Platform, "version", r.Name())
	s.Writer.AddDownload(fleet.Download{
		MAC: mac, Platform: r.Platform, Filesystem: r.Filesystem, Version: v, At: time.Now().UTC().Truncate(time.Microsecond), Packed: d.Packed, Pinned: pinned,
	})
}
