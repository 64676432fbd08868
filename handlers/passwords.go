package handlers

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
)

// passwordCard is what a platform's page tells of the passwords of its devices.
type passwordCard struct {
	Platform  string
	Asked     bool
	Rotating  bool
	Ways      []passwordWay
	Refused   int64 // devices that came with a wrong password, or without one where that is refused
	InUse     bool  // whether devices ask that would be refused for want of a password
	MayChange bool
}

// passwordWay is one way in which a device is let in.
type passwordWay struct {
	Key     string
	Name    string
	Since   *time.Time
	Devices int64  // that came in this way at their last check-in
	Action  string // what ends it
	Ask     string // the question before that
}

// passwordCard looks up how the devices of a platform are let in.
func (s *server) passwordCard(c *fiber.Ctx, p *fleet.Platform) (*passwordCard, error) {
	card := &passwordCard{Platform: p.Name, Asked: p.Passwords.Asked(), Rotating: p.Passwords.Rotating(), MayChange: mayChange(c)}
	uses, err := s.Devices.PasswordUses(c.UserContext(), p)
	if err != nil {
		return nil, err
	}
	card.InUse = uses[fleet.NoPasswordUsed]+uses[fleet.WrongPassword] > 0
	for use, n := range uses {
		if !p.Passwords.Accepts(use) {
			card.Refused += n
		}
	}
	card.Ways = passwordWays(&p.Passwords, uses)
	return card, nil
}

// passwordWays are the ways in which devices are let in, the wanted one first.
func passwordWays(p *fleet.Passwords, uses fleet.PasswordUses) (ways []passwordWay) {
	if !p.Asked() {
		return nil
	}
	first := passwordWay{Key: fleet.PasswordKey(p.Hash), Name: "the password", Since: p.At, Devices: uses[fleet.NewPasswordUsed], Action: "Remove the password", Ask: "Remove the password of the boards?"}
	if p.Rotating() {
		first.Name, first.Action, first.Ask = "the new password", "Discard it", "Discard the new password?"
	}
	ways = append(ways, first)
	if p.OldHash != "" {
		ways = append(ways, passwordWay{Key: fleet.PasswordKey(p.OldHash), Name: "the old password", Since: p.OldAt, Devices: uses[fleet.OldPasswordUsed], Action: "Retire it", Ask: "Retire the old password?"})
	}
	if p.Grace {
		ways = append(ways, passwordWay{
			Key: fleet.NoPasswordKey, Name: "no password, or a wrong one",
			Devices: uses[fleet.NoPasswordUsed] + uses[fleet.WrongPassword], Action: "End that", Ask: "Ask every board for the password?",
		})
	}
	return ways
}

type passwordMade struct {
	page
	Platform string
	Secret   string
	Lines    []authorizationLine
	Grace    bool // devices without a password are still let in
	Old      bool // devices with the old one are
}

// authorizationLine is what a sketch has to say for its board to be let in.
type authorizationLine struct {
	ID   string
	Name string // of the boards
	Text string
}

// createDevicePassword handles POST /platforms/{platform}/passwords, and shows
// the password this once. Unless grace is asked for, devices without it are
// refused from now on.
func (s *server) createDevicePassword(c *fiber.Ctx) error {
	name, secret := platformParam(c), fleet.NewPassword()
	if err := s.Platforms.AddPassword(c.UserContext(), name, secret.Hash(), c.FormValue("grace") != ""); err != nil {
		return err
	}
	s.did(c, "device password made", "platform", name)
	s.changed(live.Platform+name, live.Fleet)
	p, err := s.Platforms.Find(c.UserContext(), name)
	if err != nil {
		return err
	}
	return s.page(c, "platforms/password", &passwordMade{
		page: page{Title: "The password of " + name}, Platform: name, Secret: string(secret),
		Lines: authorizationLines(name, string(secret)), Grace: p.Passwords.Grace, Old: p.Passwords.OldHash != "",
	})
}

// authorizationLines need no escaping: the name and the password are of letters,
// digits and hyphens.
func authorizationLines(platform, secret string) []authorizationLine {
	call := `setAuthorization("` + platform + `", "` + secret + `");`
	return []authorizationLine{
		{ID: "line-esp32", Name: "ESP32", Text: "httpUpdate." + call},
		{ID: "line-esp8266", Name: "ESP8266", Text: "ESPhttpUpdate." + call},
	}
}

type passwordRetire struct {
	page
	Platform string
	Way      passwordWay
	Left     []passwordWay // in which devices are still let in then
	Lost     bool          // a password is gone for ever
	Open     bool          // any device is let in then
}

// askRetirePassword handles GET /platforms/{platform}/passwords/{password}/delete.
func (s *server) askRetirePassword(c *fiber.Ctx) error {
	p, err := s.Platforms.Find(c.UserContext(), platformParam(c))
	if err != nil {
		return err
	}
	card, err := s.passwordCard(c, p)
	if err != nil {
		return err
	}
	v := &passwordRetire{page: page{Title: "Passwords of " + p.Name}, Platform: p.Name}
	for _, way := range card.Ways {
		if way.Key == c.Params("password") {
			v.Way = way
		} else {
			v.Left = append(v.Left, way)
		}
	}
	if v.Way.Key == "" {
		return fiber.ErrNotFound
	}
	v.Lost = v.Way.Key != fleet.NoPasswordKey
	v.Open = len(v.Left) == 0 || p.Passwords.Grace && v.Way.Key == fleet.PasswordKey(p.Passwords.Hash)
	return s.page(c, "platforms/password-retire", v)
}

// retirePassword handles DELETE /platforms/{platform}/passwords/{password}, where
// the password is named by its key.
func (s *server) retirePassword(c *fiber.Ctx) error {
	name := platformParam(c)
	if err := s.Platforms.RetirePassword(c.UserContext(), name, copied(c.Params("password"), fleet.MaxReported)); err != nil {
		return err
	}
	s.did(c, "device password retired", "platform", name)
	s.changed(live.Platform+name, live.Fleet)
	p, err := s.Platforms.Find(c.UserContext(), name)
	if err != nil {
		return err
	}
	return s.done(c, "/platforms/"+name+"#passwords", "From now on "+p.Name+" lets its devices in with "+p.Passwords.Accepted()+".")
}
