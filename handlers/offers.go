package handlers

import (
	"fmt"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
)

// offerChange is a change of what a platform offers, before it is made.
type offerChange struct {
	page
	Platform *fleet.Platform
	Release  *release.Release // that is to be offered, or withdrawn
	Other    *release.Release // that is offered until now, or from then on; nil for none
	Same     int64            // devices that run the release
	Higher   int64            // and those that run a higher version
}

// askOffer handles GET /platforms/{platform}/release/edit?version=.
func (s *server) askOffer(c *fiber.Ctx) error {
	v, err := version.Parse(c.Query("version"))
	if err != nil {
		return err
	}
	o, list, err := s.offerChange(c, v)
	if err != nil {
		return err
	}
	for n := range list {
		if list[n].Offered {
			o.Other = &list[n]
		}
	}
	o.Title = fmt.Sprintf("Offer %s of %s", v, o.Platform.Name)
	return s.page(c, "platforms/offer", o)
}

// askWithdraw handles GET /platforms/{platform}/release/delete.
func (s *server) askWithdraw(c *fiber.Ctx) error {
	v, err := s.offeredVersion(c)
	if err != nil {
		return err
	}
	o, list, err := s.offerChange(c, v)
	if err != nil {
		return err
	}
	o.Other = release.Below(list, v)
	o.Title = fmt.Sprintf("Withdraw %s of %s", v, o.Platform.Name)
	return s.page(c, "platforms/withdraw", o)
}

// offeredVersion is what the platform of the path offers now.
func (s *server) offeredVersion(c *fiber.Ctx) (version.Version, error) {
	p, err := s.Platforms.Find(c.UserContext(), platformParam(c))
	if err != nil {
		return version.Version{}, err
	}
	if p.Version == "" {
		return version.Version{}, fault.New(fault.NotFound, "%s offers nothing, so there is nothing to withdraw.", p.Name)
	}
	return version.Parse(p.Version)
}

// offerChange looks up a release of the path's platform, the history that it is
// in, and who runs it.
func (s *server) offerChange(c *fiber.Ctx, v version.Version) (o *offerChange, list []release.Release, err error) {
	ctx, o := c.UserContext(), new(offerChange)
	if o.Platform, err = s.Platforms.Find(ctx, platformParam(c)); err != nil {
		return nil, nil, err
	}
	if o.Release, err = s.Releases.Find(ctx, o.Platform.Name, v); err != nil {
		return nil, nil, err
	}
	if o.Same, o.Higher, err = s.Releases.Runners(ctx, o.Platform.Name, v); err != nil {
		return nil, nil, err
	}
	list, err = s.Releases.List(ctx, o.Platform.Name)
	return o, list, err
}

// updateOffer handles PUT /platforms/{platform}/release: any release of the
// history is offered.
func (s *server) updateOffer(c *fiber.Ctx) error {
	name := platformParam(c)
	v, err := version.Parse(c.FormValue("version"))
	if err != nil {
		return err
	}
	if err := s.Releases.Offer(c.UserContext(), name, v); err != nil {
		return err
	}
	s.did(c, "release offered", "platform", name, "version", v.String())
	s.changed(live.Platform+name, live.Fleet, live.Feed)
	return s.done(c, "/platforms/"+name, fmt.Sprintf("%s offers %s now.", name, v))
}

// deleteOffer handles DELETE /platforms/{platform}/release: the offered release
// is withdrawn. The form says which one was seen, so that nobody withdraws twice.
func (s *server) deleteOffer(c *fiber.Ctx) error {
	name := platformParam(c)
	v, err := version.Parse(c.FormValue("version"))
	if err != nil {
		return err
	}
	if err := s.Releases.Withdraw(c.UserContext(), name, v); err != nil {
		return err
	}
	s.did(c, "release withdrawn", "platform", name, "version", v.String())
	s.changed(live.Platform+name, live.Fleet, live.Feed)
	p, err := s.Platforms.Find(c.UserContext(), name)
	if err != nil {
		return err
	}
	if p.Version == "" {
		return s.done(c, "/platforms/"+name, fmt.Sprintf("%s is withdrawn: %s offers nothing now.", v, name))
	}
	return s.done(c, "/platforms/"+name, fmt.Sprintf("%s is withdrawn: %s offers %s again.", v, name, p.Version))
}
