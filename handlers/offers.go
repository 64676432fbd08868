package handlers

import (
	"context"
	"fmt"
	"slices"

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

// Has is what a device does that got the release.
func (o *offerChange) Has() string {
	if o.Release.Filesystem != "" {
		return "has"
	}
	return "runs"
}

// Have is Has of several devices.
func (o *offerChange) Have() string {
	if o.Release.Filesystem != "" {
		return "have"
	}
	return "run"
}

// askOffer handles GET /platforms/{platform}/release/edit?version=.
func (s *server) askOffer(c *fiber.Ctx) error {
	v, err := version.Parse(c.Query("version"))
	if err != nil {
		return err
	}
	o, list, err := s.offerChange(c, filesystemField(c.Query("filesystem")), v)
	if err != nil {
		return err
	}
	for n := range list {
		if list[n].Offered {
			o.Other = &list[n]
		}
	}
	o.Title = fmt.Sprintf("Offer %s of %s", o.Release.Name(), o.Platform.Name)
	return s.page(c, "platforms/offer", o)
}

// askWithdraw handles GET /platforms/{platform}/release/delete.
func (s *server) askWithdraw(c *fiber.Ctx) error {
	filesystem := filesystemField(c.Query("filesystem"))
	v, err := s.offeredVersion(c, filesystem)
	if err != nil {
		return err
	}
	o, list, err := s.offerChange(c, filesystem, v)
	if err != nil {
		return err
	}
	o.Other = release.Below(list, v)
	o.Title = fmt.Sprintf("Withdraw %s of %s", o.Release.Name(), o.Platform.Name)
	return s.page(c, "platforms/withdraw", o)
}

// offeredVersion is what the platform of the path offers now, as an application
// or as a file system of a type.
func (s *server) offeredVersion(c *fiber.Ctx, filesystem string) (version.Version, error) {
	p, err := s.Platforms.Find(c.UserContext(), platformParam(c))
	if err != nil {
		return version.Version{}, err
	}
	list, err := s.released(c.UserContext(), p.Name, filesystem)
	if err != nil {
		return version.Version{}, err
	}
	if n := slices.IndexFunc(list, func(r release.Release) bool { return r.Offered }); n >= 0 {
		return list[n].Version, nil
	}
	return version.Version{}, fault.New(fault.NotFound, "%s offers nothing, so there is nothing to withdraw.", p.Name)
}

// released is what was released of a platform, the highest version first:
// applications, or file systems of a type.
func (s *server) released(ctx context.Context, platform, filesystem string) ([]release.Release, error) {
	if filesystem == "" {
		return s.Releases.List(ctx, platform)
	}
	list, err := s.Releases.Filesystems(ctx, platform)
	return release.OfType(list, filesystem), err
}

// offerChange looks up a release of the path's platform, the history that it is
// in, and who runs it.
func (s *server) offerChange(c *fiber.Ctx, filesystem string, v version.Version) (o *offerChange, list []release.Release, err error) {
	ctx, o := c.UserContext(), new(offerChange)
	if o.Platform, err = s.Platforms.Find(ctx, platformParam(c)); err != nil {
		return nil, nil, err
	}
	if o.Release, err = s.Releases.Find(ctx, o.Platform.Name, filesystem, v); err != nil {
		return nil, nil, err
	}
	if o.Same, o.Higher, err = s.Releases.Runners(ctx, o.Platform.Name, filesystem, v); err != nil {
		return nil, nil, err
	}
	list, err = s.released(ctx, o.Platform.Name, filesystem)
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
	filesystem := filesystemField(c.FormValue("filesystem"))
	if err := s.Releases.Offer(c.UserContext(), name, filesystem, v); err != nil {
		return err
	}
	said := release.Name(filesystem, v.String())
	s.did(c, "release offered", "platform", name, "version", said)
	s.changed(live.Platform+name, live.Fleet, live.Feed)
	return s.done(c, "/platforms/"+name, fmt.Sprintf("%s offers %s now.", name, said))
}

// deleteOffer handles DELETE /platforms/{platform}/release: the offered release
// is withdrawn. The form says which one was seen, so that nobody withdraws twice.
func (s *server) deleteOffer(c *fiber.Ctx) error {
	name := platformParam(c)
	v, err := version.Parse(c.FormValue("version"))
	if err != nil {
		return err
	}
	filesystem := filesystemField(c.FormValue("filesystem"))
	if err := s.Releases.Withdraw(c.UserContext(), name, filesystem, v); err != nil {
		return err
	}
	s.did(c, "release withdrawn", "platform", name, "version", release.Name(filesystem, v.String()))
	s.changed(live.Platform+name, live.Fleet, live.Feed)
	sentence, err := s.withdrawn(c, name, filesystem, v)
	if err != nil {
		return err
	}
	return s.done(c, "/platforms/"+name, sentence)
}

// withdrawn says what is offered once a release is withdrawn.
func (s *server) withdrawn(c *fiber.Ctx, platform, filesystem string, v version.Version) (string, error) {
	was := v.String()
	if filesystem != "" {
		was = sentence(release.Name(filesystem, was))
	}
	now, err := s.offeredVersion(c, filesystem)
	switch {
	case fault.Is(err, fault.NotFound) && filesystem == "":
		return fmt.Sprintf("%s is withdrawn: %s offers nothing now.", was, platform), nil
	case fault.Is(err, fault.NotFound):
		return fmt.Sprintf("%s is withdrawn: %s offers no %s file system now.", was, platform, filesystem), nil
	}
	return fmt.Sprintf("%s is withdrawn: %s offers %s again.", was, platform, now), err
}
