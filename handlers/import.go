package handlers

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

// importShown is how many lines of a list the preview has; those that are wrong
// come first.
const importShown = 500

// importForm is a pasted list, and what would happen with it.
type importForm struct {
	page
	List      string
	Platform  string // for lines that name none
	Platforms []string
	Lines     []fleet.ImportLine // that are shown
	Hidden    int64              // lines that are not
	Sums      map[fleet.ImportAction]int64
	Wrong     int64
	Errors    problems
}

// Changes is how many devices the list changes.
func (f *importForm) Changes() int64 {
	n := int64(0)
	for action, count := range f.Sums {
		if action != fleet.ImportKeep {
			n += count
		}
	}
	return n
}

// Moves is how many devices leave another whitelist.
func (f *importForm) Moves() int64 { return f.Sums[fleet.ImportMove] }

// Summary says in a sentence what will happen.
func (f *importForm) Summary() string {
	var parts []string
	for _, p := range []struct {
		action fleet.ImportAction
		text   string
	}{
		{fleet.ImportAdd, "added"}, {fleet.ImportPermit, "permitted"}, {fleet.ImportMove, "moved from another whitelist"},
		{fleet.ImportNotes, "given other notes"}, {fleet.ImportKeep, "left as they are"},
	} {
		if n := f.Sums[p.action]; n > 0 {
			parts = append(parts, count(n, "device")+" will be "+p.text)
		}
	}
	if f.Wrong > 0 {
		parts = append(parts, countAre(f.Wrong, "line")+" wrong and will be left out")
	}
	return strings.Join(parts, ", ") + "."
}

// newImport handles GET /devices/import.
func (s *server) newImport(c *fiber.Ctx) error {
	return s.importPage(c, &importForm{Platform: copied(c.Query("platform"), fleet.MaxReported)}, nil)
}

func (s *server) importPage(c *fiber.Ctx, f *importForm, err error) error {
	f.Title = "Add many devices"
	if f.Errors, err = blame(c, err, "list", "platform"); err != nil {
		return err
	}
	if f.Platforms, err = s.Platforms.Names(c.UserContext()); err != nil {
		return err
	}
	return s.show(c, "devices/import", f, "devices/_import", f)
}

// previewImport handles POST /devices/import: it says line by line what would
// happen, and changes nothing.
func (s *server) previewImport(c *fiber.Ctx) error {
	f := &importForm{List: c.FormValue("list"), Platform: platformField(c.FormValue("platform"))}
	_, err := s.planImport(c, f)
	return s.importPage(c, f, err)
}

// planImport reads the list and decides what each line does.
func (s *server) planImport(c *fiber.Ctx, f *importForm) (good []fleet.ImportLine, err error) {
	lines, err := fleet.ParseImport(f.List, f.Platform)
	if err != nil {
		return nil, err
	}
	var macs []fleet.MAC
	for _, l := range lines {
		if l.Problem == "" {
			macs = append(macs, l.MAC)
		}
	}
	known, err := s.Devices.FindMany(c.UserContext(), macs)
	if err != nil {
		return nil, err
	}
	names, err := s.Platforms.Names(c.UserContext())
	if err != nil {
		return nil, err
	}
	fleet.PlanImport(lines, known, names)
	return f.sum(lines), nil
}

// sum counts what the lines do, and chooses those that are shown.
func (f *importForm) sum(lines []fleet.ImportLine) (good []fleet.ImportLine) {
	f.Sums = map[fleet.ImportAction]int64{}
	var wrong []fleet.ImportLine
	for _, l := range lines {
		if l.Problem != "" {
			wrong = append(wrong, l)
			continue
		}
		good = append(good, l)
		f.Sums[l.Action]++
	}
	f.Wrong = int64(len(wrong))
	f.Lines = append(wrong, good...)
	if len(f.Lines) <= importShown {
		f.Lines = lines // in the order in which they were pasted
		return good
	}
	f.Lines, f.Hidden = f.Lines[:importShown], int64(len(f.Lines)-importShown)
	return good
}

// createImport handles PUT /devices/import: it does what the preview said. When
// more devices would move by now than it said, it shows what would happen now.
func (s *server) createImport(c *fiber.Ctx) error {
	f := &importForm{List: c.FormValue("list"), Platform: platformField(c.FormValue("platform"))}
	good, err := s.planImport(c, f)
	if err != nil {
		return s.importPage(c, f, err)
	}
	if f.Changes() == 0 {
		return s.importPage(c, f, fault.Field("list", "Nothing in this list changes anything."))
	}
	moves, _ := strconv.ParseInt(c.FormValue("moves"), 10, 64)
	if err := s.Devices.Import(c.UserContext(), good, moves, nameOf(c)); err != nil {
		return s.importPage(c, f, err)
	}
	s.did(c, "devices imported", "devices", f.Changes())
	s.changedDevices(nil)
	return s.done(c, "/devices", fmt.Sprintf("%s saved from the list.", sentence(countAre(f.Changes(), "device"))))
}
