package handlers

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

// maxPicked is how many devices can be named one by one.
const maxPicked = 1000

// maxCounted is up to where it is counted how many devices match: a search in a
// large fleet takes its time.
const maxCounted = 10_000

// selectionView asks once, with the count, before something is done to many
// devices.
type selectionView struct {
	page
	Do        string // permit, revoke, forget or ignore
	Count     int64
	MACs      []fleet.MAC       // the devices that are named
	All       bool              // or all that a filter finds
	Query     fleet.DeviceQuery // that filter
	Ignored   bool              // of the ignored new devices
	Back      string            // where to go on
	Platforms []string
	Chosen    string
	Asked     askedFor // of those that are to be permitted
	Onto      string   // where they are permitted, in words; "" for Chosen
	Errors    problems
}

// Sentence is the question in short.
func (v *selectionView) Sentence() string {
	return map[string]string{"permit": "Permit ", "move": "Move ", "revoke": "Revoke ", "forget": "Forget ", "ignore": "Ignore "}[v.Do] + count(v.Count, "device")
}

// Means is what it does to the devices.
func (v *selectionView) Means() string {
	if v.Do == "permit" && !v.Asked.Permitted() {
		return "They get the firmware of the platform at their next check-in."
	}
	return map[string]string{
		"permit": "They get the firmware of the platform at their next check-in. Those that are on another whitelist move.",
		"move":   "They leave the whitelist that they are on, and get the firmware of the other platform at their next check-in.",
		"revoke": "They leave their whitelist, keep their firmware and their notes, and become new devices.",
		"forget": "Their notes and all that they reported go. A board that asks again comes back as a new device.",
		"ignore": "They stay out of the queue until they ask for another platform.",
	}[v.Do]
}

// Action is where the answer is sent.
func (v *selectionView) Action() string {
	return map[string]string{
		"permit": "/selection/permit?_method=PUT", "move": "/selection/permit?_method=PUT",
		"revoke": "/selection/permit?_method=DELETE", "forget": "/selection?_method=DELETE", "ignore": "/selection/ignore?_method=PUT",
	}[v.Do]
}

// readSelection reads which devices are selected, and what is to be done.
func readSelection(args *fasthttp.Args) (*selectionView, error) {
	v := &selectionView{Do: string(args.Peek("do")), All: string(args.Peek("all")) == "1", Ignored: string(args.Peek("ignored")) == "1"}
	v.Back, v.Chosen = localPath(string(args.Peek("back"))), platformField(string(args.Peek("to")))
	v.Count, _ = strconv.ParseInt(string(args.Peek("count")), 10, 64)
	var err error
	if v.Query, err = deviceFilter(args); err != nil {
		return nil, err
	}
	for _, text := range args.PeekMulti("mac") {
		mac, err := fleet.ParseMAC(string(text))
		if err != nil {
			return nil, err
		}
		v.MACs = append(v.MACs, mac)
	}
	if len(v.MACs) > maxPicked {
		return nil, fault.New(fault.Invalid, "At most %d devices can be picked one by one: filter the table, and take all that match.", maxPicked)
	}
	if len(v.MACs) == 0 && !v.All {
		return nil, fault.New(fault.Invalid, "No device is selected: tick some first.")
	}
	return v, nil
}

// selection is what is read, in the form that the database takes.
func (v *selectionView) selection() fleet.Selection {
	if !v.All {
		return fleet.Selection{MACs: v.MACs}
	}
	q := v.Query
	q.Permitted = q.State != fleet.New
	if q.State == fleet.New && v.fromQueue() {
		q.Ignored = &v.Ignored
	}
	return fleet.Selection{Query: &q}
}

// fromQueue reports whether the selection was made in the queue of new devices,
// which does not show those that are ignored, or only them.
func (v *selectionView) fromQueue() bool { return len(v.Back) >= 12 && v.Back[:12] == "/new-devices" }

// askSelection handles GET /selection: it asks before something is done.
func (s *server) askSelection(c *fiber.Ctx) error {
	v, err := readSelection(c.Context().QueryArgs())
	if err != nil {
		return err
	}
	if v.Action() == "" {
		return fault.New(fault.Invalid, "Nothing can be done of that name.")
	}
	if v.Count, err = s.Devices.CountSelected(c.UserContext(), v.selection()); err != nil {
		return err
	}
	return s.selectionPage(c, v, nil)
}

// matches is how many devices match, as it is offered to take them all.
type matches struct {
	Devices int64
	More    bool // than so many
}

// countSelection handles GET /selection/count, which a table asks for when a
// person ticks all that it shows.
func (s *server) countSelection(c *fiber.Ctx) error {
	v, err := readSelection(c.Context().QueryArgs())
	if err != nil {
		return err
	}
	n, err := s.Devices.CountUpTo(c.UserContext(), v.selection(), maxCounted+1)
	if err != nil {
		return err
	}
	return s.render(c, "devices/_matches", matches{Devices: min(n, maxCounted), More: n > maxCounted})
}

func (s *server) selectionPage(c *fiber.Ctx, v *selectionView, err error) error {
	if v.Errors, err = blame(c, err, "platform"); err != nil {
		return err
	}
	if v.Platforms, err = s.Platforms.Names(c.UserContext()); err != nil {
		return err
	}
	if err := s.fillAsked(c, v); err != nil {
		return err
	}
	v.Title = v.Sentence() + "?"
	return s.show(c, "devices/ask", v, "devices/_ask", v)
}

// permitSelection handles PUT /selection/permit.
func (s *server) permitSelection(c *fiber.Ctx) error {
	return s.changeSelection(c, "permit", "permitted on ", func(v *selectionView) (int64, error) {
		if v.Chosen == "" {
			return 0, fault.Field("platform", "Choose the platform whose firmware the devices are to get.")
		}
		if v.Chosen == eachAsked {
			return s.permitAsked(c, v)
		}
		return s.Devices.PermitAll(c.UserContext(), v.selection(), v.Count, v.Chosen, nameOf(c))
	})
}

// revokeSelection handles DELETE /selection/permit.
func (s *server) revokeSelection(c *fiber.Ctx) error {
	return s.changeSelection(c, "revoke", "revoked", func(v *selectionView) (int64, error) {
		return s.Devices.RemoveAll(c.UserContext(), v.selection(), v.Count, newRemoval(c, fleet.Revocation))
	})
}

// forgetSelection handles DELETE /selection.
func (s *server) forgetSelection(c *fiber.Ctx) error {
	return s.changeSelection(c, "forget", "forgotten", func(v *selectionView) (int64, error) {
		return s.Devices.RemoveAll(c.UserContext(), v.selection(), v.Count, newRemoval(c, fleet.Oblivion))
	})
}

// ignoreSelection handles PUT /selection/ignore.
func (s *server) ignoreSelection(c *fiber.Ctx) error {
	return s.changeSelection(c, "ignore", "ignored", func(v *selectionView) (int64, error) {
		return s.Devices.IgnoreAll(c.UserContext(), v.selection(), v.Count, true)
	})
}

// changeSelection does something to the selected devices and says to how many.
func (s *server) changeSelection(c *fiber.Ctx, do, done string, change func(*selectionView) (int64, error)) error {
	v, err := readSelection(c.Request().PostArgs())
	if err != nil {
		return err
	}
	n, err := change(v)
	if fault.Is(err, fault.Conflict) { // more than the person was asked about
		if again, counted := s.Devices.CountSelected(c.UserContext(), v.selection()); counted == nil {
			v.Count = again
		}
	}
	if err != nil {
		if v.Do != "move" {
			v.Do = do
		}
		return s.selectionPage(c, v, err)
	}
	done += cmp.Or(v.Onto, v.Chosen)
	s.did(c, "devices "+done, "devices", n)
	s.changedDevices(v.MACs)
	return s.done(c, v.Back, fmt.Sprintf("%s %s.", sentence(countAre(n, "device")), done))
}
