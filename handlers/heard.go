package handlers

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
	"esp-update-server/app/ota"
)

// refreshTime bounds what nobody waits for.
const refreshTime = 30 * time.Second

// remember keeps a check-in: what is new of it is written soon.
func (s *server) remember(in *fleet.CheckIn, d *ota.Decision, subject *ota.Subject, request uint64) {
	if in.MAC == "" || !subject.Known && (s.Writer.Full() || !s.admits(in, subject.Known)) {
		return
	}
	s.CheckIns.Add(in.At)
	h := d.Heard(in)
	if subject.Forged {
		s.rememberForgery(&h)
		return
	}
	if d.Answer == fleet.Offer && !d.Rest {
		s.Log.Info("offer", append(logged(&h), "offered", d.Release.Name())...)
	}
	if s.Index.Heard.Hear(&h, subject.Platform, request, subject.Catalog) {
		s.Writer.Add(&h)
	}
}

func logged(h *fleet.Heard) []any {
	return []any{"device", h.MAC.String(), "platform", fleet.Cut(h.Platform, fleet.MaxReported), "version", h.RunningVersion().String(), "ip", h.IP}
}

// Written logs what is news of check-ins that were written: a new device, and
// the first refusal for a reason. And it tells open pages.
func (s *server) Written(list []fleet.Heard, happened []fleet.Happening) {
	newest := map[fleet.MAC]*fleet.Heard{}
	for i := range list {
		newest[list[i].MAC] = &list[i]
	}
	topics := make([]string, 0, len(newest)+2)
	for mac := range newest {
		topics = append(topics, live.Device+string(mac))
	}
	if s.logHappened(newest, happened) {
		topics = append(topics, live.Fleet)
		s.boundNew()
	}
	if len(happened) > 0 {
		topics = append(topics, live.Feed)
	}
	s.tell(topics...)
}

// logHappened reports whether there is a device that was never heard before.
func (s *server) logHappened(newest map[fleet.MAC]*fleet.Heard, happened []fleet.Happening) (came bool) {
	for i := range happened {
		h := newest[happened[i].MAC]
		switch happened[i].Event {
		case fleet.FirstSeen:
			came = true
			if platform, _ := s.Index.Heard.Find(h.MAC); platform == "" {
				s.Log.Info("new device", logged(h)...)
			}
		case fleet.WasRefused:
			s.Log.Info("refusal", append(logged(h), "reason", happened[i].Detail)...)
		}
	}
	return came
}

// boundNew forgets the new devices that are too many.
func (s *server) boundNew() {
	ctx, cancel := context.WithTimeout(context.Background(), refreshTime)
	defer cancel()
	err := s.settleOldestNew(ctx)
	if err == nil {
		err = s.Devices.DropOldestNew(ctx, s.MaxNewDevices)
	}
	if err == nil {
		err = s.Index.Refresh(ctx)
	}
	if err != nil {
		s.Log.Warn("new devices could not be bounded", "err", err)
	}
}

// settleOldestNew lets the rows of the new devices that are about to be forgotten
// say when they were heard, as far as this process knows it better: else one that
// asked a moment ago could be among them. In their place come others, so it looks
// at more of them each time, until it has looked at all: boards may ask on faster
// than that.
func (s *server) settleOldestNew(ctx context.Context) error {
	for from, more := s.MaxNewDevices, 100; ; from, more = max(0, from-more), 4*more {
		list, err := s.Devices.OldestNew(ctx, from)
		if err != nil || len(s.heardLater(list[min(len(list), s.MaxNewDevices-from):])) == 0 {
			return err
		}
		if err := s.Devices.Settle(ctx, s.heardLater(list)); err != nil || from == 0 {
			return err
		}
	}
}

// heardLater is those of a list that this process heard later, and when.
func (s *server) heardLater(list []fleet.Seen) (later []fleet.Seen) {
	for _, seen := range list {
		if at := s.Index.Heard.LastSeen(seen.MAC); at.After(seen.At) {
			later = append(later, fleet.Seen{MAC: seen.MAC, At: at})
		}
	}
	return later
}

// Counted tells open pages of downloads that were counted.
func (s *server) Counted(list []fleet.Download) {
	topics := []string{live.Feed}
	for i := range list {
		topics = append(topics, live.Platform+list[i].Platform)
		if list[i].MAC != "" {
			topics = append(topics, live.Device+string(list[i].MAC))
		}
	}
	s.tell(topics...)
}

// Touched tells the open pages of this process of devices that were heard and
// said nothing new: the database, and so the other processes, learn it later.
func (s *server) Touched(macs []fleet.MAC, more bool) {
	topics := make([]string, 0, len(macs)+1)
	for _, mac := range macs {
		topics = append(topics, live.Device+string(mac))
	}
	if more {
		topics = append(topics, live.Resync)
	}
	s.lastChange.Store(time.Now().UnixNano())
	s.Hub.Publish(topics...)
}

// settled lets what boards said before a request be written, so that whoever
// asks sees it.
func (s *server) settled(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), s.waits.settle)
	defer cancel()
	s.Writer.Flush(ctx)
	return c.Next()
}

// freshDevices are the devices of the database with the times at which this
// process heard them.
type freshDevices struct {
	devices
	heard *fleet.Index
}

func (f freshDevices) freshen(d *fleet.Device) {
	if at := f.heard.LastSeen(d.MAC); d.LastSeen != nil && !at.IsZero() && (at.After(*d.LastSeen) || d.LastSeen.After(time.Now())) {
		d.LastSeen = &at
	}
}

// Find is the device of a MAC, or fault.NotFound.
func (f freshDevices) Find(ctx context.Context, mac fleet.MAC) (*fleet.Device, error) {
	d, err := f.devices.Find(ctx, mac)
	if err == nil {
		f.freshen(d)
	}
	return d, err
}

// FindMany is the devices of some MACs, those that exist.
func (f freshDevices) FindMany(ctx context.Context, macs []fleet.MAC) ([]fleet.Device, error) {
	list, err := f.devices.FindMany(ctx, macs)
	for i := range list {
		f.freshen(&list[i])
	}
	return list, err
}

// Page is the devices that a query asks for, with where the pages beside it are.
func (f freshDevices) Page(ctx context.Context, q fleet.DeviceQuery) (*fleet.DevicePage, error) {
	p, err := f.devices.Page(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range p.Devices {
		f.freshen(&p.Devices[i])
	}
	return p, nil
}
