package handlers

import (
	"context"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
)

// update is the device route, the contract with the boards in the field. It
// answers in the few ways that both Arduino update clients understand: never a
// redirect, never HTML, never chunked, never 200 without an image.
func (s *server) update(c *fiber.Ctx) error {
	in := s.checkIn(c)
	known, d, err := s.decide(c.UserContext(), in)
	if err != nil {
		return s.away(c, err)
	}
	s.logDecision(in, known, &d)
	switch d.Answer {
	case fleet.NoUpdate:
		return c.SendStatus(fiber.StatusNotModified)
	case fleet.Refusal:
		return sendLine(c, fiber.StatusBadRequest, d.Sentence)
	}
	return s.sendImage(c, in.MAC, &d)
}

// decide looks up what the decision needs, makes it and remembers the check-in.
func (s *server) decide(ctx context.Context, in *fleet.CheckIn) (*fleet.Device, ota.Decision, error) {
	known, platform, offered, err := s.subject(ctx, in)
	if err != nil {
		return nil, ota.Decision{}, err
	}
	d := ota.Decide(in, known, platform, offered)
	if in.MAC == "" {
		return known, d, nil
	}
	happened := d.Happenings(known, in)
	if err := s.Devices.Record(ctx, in, &d, happened); err != nil {
		return nil, d, err
	}
	if known == nil {
		err = s.Devices.DropOldestNew(ctx, s.MaxNewDevices)
	}
	s.CheckIns.Add(in.At)
	s.changed(checkInTopics(in.MAC, known, happened)...)
	return known, d, err
}

// checkInTopics are what a check-in changed on open pages.
func checkInTopics(mac fleet.MAC, known *fleet.Device, happened []fleet.Happening) []string {
	topics := []string{live.Device + string(mac)}
	if known == nil {
		topics = append(topics, live.Fleet)
	}
	if len(happened) > 0 {
		topics = append(topics, live.Feed)
	}
	return topics
}

// subject is what the decision on a check-in is about; what does not exist is nil.
func (s *server) subject(ctx context.Context, in *fleet.CheckIn) (d *fleet.Device, p *fleet.Platform, r *release.Release, err error) {
	if in.MAC != "" {
		if d, err = s.Devices.Find(ctx, in.MAC); err != nil && !fault.Is(err, fault.NotFound) {
			return nil, nil, nil, err
		}
	}
	name, ok := fleet.DevicePlatformName(in.Platform)
	if !ok {
		return d, nil, nil, nil
	}
	if p, err = s.Platforms.Find(ctx, name); err != nil {
		if fault.Is(err, fault.NotFound) {
			err = nil
		}
		return d, nil, nil, err
	}
	r, err = s.Releases.Offered(ctx, name)
	return d, p, r, err
}

// away answers a board when the server cannot decide.
func (s *server) away(c *fiber.Ctx, err error) error {
	s.Log.Error("a board could not be answered", "err", err)
	return sendLine(c, fiber.StatusServiceUnavailable, "the server cannot reach its database just now.")
}

// sendImage sends the offered image, or the part of it that was asked for. The
// whole image is at hand before the first byte leaves.
func (s *server) sendImage(c *fiber.Ctx, mac fleet.MAC, d *ota.Decision) error {
	data, err := s.images.bytes(c.UserContext(), d.Image.SHA256)
	if err != nil {
		return s.away(c, err)
	}
	part, whole, ok := parseRange(c.Get(fiber.HeaderRange), len(data))
	if c.Get(fiber.HeaderIfRange) != "" {
		part, whole, ok = span{0, len(data)}, true, true
	}
	h := &c.Response().Header
	h.DisableNormalizing() // or x-MD5 would leave as X-Md5
	if !ok {
		h.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes */%d", len(data)))
		return c.SendStatus(fiber.StatusRequestedRangeNotSatisfiable)
	}
	h.SetContentType(fiber.MIMEOctetStream)
	h.Set("x-MD5", d.Image.MD5)
	h.Set("x-SHA256", d.Image.SHA256)
	h.Set("x-version", d.Release.Version.String())
	h.Set(fiber.HeaderContentDisposition, fmt.Sprintf("attachment; filename=%q", d.Release.Filename(d.Image)))
	h.Set(fiber.HeaderAcceptRanges, "bytes")
	if !whole {
		c.Status(fiber.StatusPartialContent)
		h.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes %d-%d/%d", part.start, part.start+part.length-1, len(data)))
	}
	done := func() {}
	if whole && c.Method() != fiber.MethodHead {
		done = func() { s.downloaded(mac, d.Release) }
	}
	c.Context().SetBodyStream(&download{data: data[part.start : part.start+part.length], done: done}, part.length)
	return nil
}

// downloaded counts a download whose last byte was taken.
func (s *server) downloaded(mac fleet.MAC, r *release.Release) {
	s.Log.Info("download finished", "device", mac.String(), "platform", r.Platform, "version", r.Version.String())
	ctx := context.Background()
	err := s.Releases.CountDownload(ctx, r.Platform, r.Version)
	if err == nil {
		err = s.History.Add(ctx, fleet.Happening{
			MAC: mac, At: time.Now().UTC().Truncate(time.Microsecond), Event: fleet.Downloaded, Platform: r.Platform, Version: r.Version.String(),
		})
	}
	if err != nil {
		s.Log.Error("a download could not be counted", "err", err)
	}
	s.changed(live.Device+string(mac), live.Platform+r.Platform, live.Feed)
}

// logDecision logs what is news: a new device, the first refusal for a reason,
// and every offer.
func (s *server) logDecision(in *fleet.CheckIn, known *fleet.Device, d *ota.Decision) {
	if in.MAC == "" {
		return
	}
	at := []any{"device", in.MAC.String(), "platform", fleet.Cut(in.Platform, fleet.MaxReported), "version", in.RunningVersion().String(), "ip", in.IP}
	if known == nil {
		s.Log.Info("new device", at...)
	}
	switch {
	case d.Answer == fleet.Offer:
		s.Log.Info("offer", append(at, "offered", d.Release.Version.String())...)
	case d.Answer == fleet.Refusal && (known == nil || known.Reason != string(d.Reason)):
		s.Log.Info("refusal", append(at, "reason", d.Sentence)...)
	}
}
