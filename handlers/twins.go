package handlers

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
)

// dismissTwins handles DELETE /devices/{mac}/twins: that two boards report this
// MAC is no problem, until it looks like a third one.
func (s *server) dismissTwins(c *fiber.Ctx) error {
	d, err := s.deviceParam(c)
	if err != nil {
		return err
	}
	if err := s.Devices.DismissTwins(c.UserContext(), d.MAC); err != nil {
		return err
	}
	s.did(c, "second board dismissed", "device", d.MAC.String())
	s.changed(live.Device+string(d.MAC), live.Fleet)
	return s.done(c, "/devices/"+string(d.MAC), "Nothing is said of the second board any more, unless a third one comes.")
}

var twinsMark = mark{Icon: "copy", Word: "two boards"}

// twinProblems are the MACs that two boards report, with how these differ.
func (s *server) twinProblems(ctx context.Context) ([]problem, error) {
	list, err := s.Devices.Twins(ctx, problemsShown+1)
	if err != nil {
		return nil, err
	}
	var problems []problem
	for i := range list {
		if i == problemsShown {
			return append(problems, problem{Mark: twinsMark, Text: "More MACs are reported by two boards each.", To: "/devices", Action: "Devices"}), nil
		}
		d := &list[i]
		problems = append(problems, problem{Mark: twinsMark, Text: twinsSentence(d), To: "/devices/" + string(d.MAC), Action: "Look at it"})
	}
	return problems, nil
}

// twinsSentence says of which boards a MAC is reported. What they said of
// themselves is foreign text.
func twinsSentence(d *fleet.Device) string {
	return "Two boards seem to report the MAC " + d.MAC.String() + ", in turns: " + d.Boards.Difference() + "."
}
