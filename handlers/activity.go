package handlers

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
)

// The lengths of what the pages of the activity list.
const (
	activityShown  = 100 // entries, and devices of an entry
	authorsToChose = 200
)

type activityIndex struct {
	page
	Table   *activityTable
	Kinds   []activity.Kind // to choose from
	Authors []string        // likewise
}

// activityTable is the entries that a query finds, the newest first.
type activityTable struct {
	Query  activity.Query
	Rows   []entryRow
	Newest string // address of the first page; "" on it
	Older  string // address of the next one; "" when there is none
}

// entryRow is one change in the table.
type entryRow struct{ activity.Entry }

// listActivity handles GET /activity; for htmx the table alone.
func (s *server) listActivity(c *fiber.Ctx) error {
	q, err := activityQuery(c)
	if err != nil {
		return err
	}
	v := &activityIndex{page: page{Title: "Activity", Live: live.Activity}, Kinds: activity.Kinds}
	if v.Table, err = s.activityTable(c.UserContext(), q); err != nil {
		return err
	}
	if isFragment(c) {
		return s.render(c, "activity/_table", v.Table)
	}
	if v.Authors, err = s.Activity.Authors(c.UserContext(), authorsToChose); err != nil {
		return err
	}
	return s.page(c, "activity/index", v)
}

// activityQuery reads which entries are asked for.
func activityQuery(c *fiber.Ctx) (q activity.Query, err error) {
	q = activity.Query{
		Search: strings.TrimSpace(copied(c.Query("q"), 100)), Kind: activity.Kind(copied(c.Query("kind"), 20)),
		Author: copied(c.Query("by"), 300), After: copied(c.Query("after"), 64), Limit: activityShown,
	}
	if q.Kind != "" && !slices.Contains(activity.Kinds, q.Kind) {
		return q, fault.Field("kind", "There is no kind %q: choose %s.", q.Kind, anyOf(activity.Kinds))
	}
	if strings.Trim(q.After, "0123456789abcdef") != "" {
		return q, fault.Field("after", "This page of the list cannot be found: start again from the newest.")
	}
	return q, nil
}

func (s *server) activityTable(ctx context.Context, q activity.Query) (*activityTable, error) {
	found, err := s.Activity.Page(ctx, q)
	if err != nil {
		return nil, err
	}
	t := &activityTable{Query: q}
	for _, e := range found.Entries {
		t.Rows = append(t.Rows, entryRow{e})
	}
	if q.After != "" {
		t.Newest = t.address("")
	}
	if found.More {
		t.Older = t.address(found.Entries[len(found.Entries)-1].ID)
	}
	return t, nil
}

func (t *activityTable) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"q": t.Query.Search, "kind": string(t.Query.Kind), "by": t.Query.Author} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// address is where a page of the table is.
func (t *activityTable) address(after string) string {
	v := t.values()
	if after != "" {
		v.Set("after", after)
	}
	return strings.TrimSuffix("/activity?"+v.Encode(), "?")
}

// Export is where the table is downloaded as a file.
func (t *activityTable) Export() string {
	return strings.TrimSuffix("/activity/export?"+t.values().Encode(), "?")
}

// Line shows all that changed in a line.
func (r entryRow) Line() string {
	shown := slices.Clone(r.Changes)
	for i, c := range shown {
		shown[i].Before, shown[i].After = fleet.Isolated(c.Before), fleet.Isolated(c.After)
	}
	return inOneLine(shown)
}

func inOneLine(changes []activity.Change) string {
	parts := make([]string, len(changes))
	for i, c := range changes {
		parts[i] = c.String()
	}
	return strings.Join(parts, "; ")
}

// Icon is that of the kind of what was changed.
func (r entryRow) Icon() string {
	return map[activity.Kind]string{
		activity.Platforms: "layers", activity.Releases: "upload", activity.Devices: "cpu", activity.Users: "user", activity.SignIns: "key-round",
	}[r.Action.Kind()]
}

// Exact is the time to the second.
func (r entryRow) Exact() string { return r.At.Format("2 January 2006, 15:04:05 UTC") }

type activityShow struct {
	page
	Entry   entryRow
	Devices []deviceChanged
	More    string // address of the devices that follow; "" when none do
	About   string // address of all that is told of the same thing; "" when there is no one thing
	Thing   string // address of the page of what was changed; "" when there is none, or no longer
}

// deviceChanged is one device of an entry.
type deviceChanged struct{ activity.Device }

// Line says all that changed of it in a line.
func (d deviceChanged) Line() string { return entryRow{activity.Entry{Changes: d.Changes()}}.Line() }

// showActivity handles GET /activity/{entry}.
func (s *server) showActivity(c *fiber.Ctx) error {
	e, err := s.Activity.Find(c.UserContext(), keyParam(c, "entry"))
	if err != nil {
		return err
	}
	v := &activityShow{page: page{Title: fleet.Isolated(e.Who()) + " " + e.What()}, Entry: entryRow{*e}}
	after, _ := fleet.ParseMAC(c.Query("after"))
	list, err := s.Activity.Devices(c.UserContext(), e.ID, after, activityShown)
	if err != nil {
		return err
	}
	for _, d := range list {
		v.Devices = append(v.Devices, deviceChanged{d})
	}
	if len(list) == activityShown {
		v.More = "/activity/" + e.ID + "?after=" + string(list[len(list)-1].MAC)
	}
	if e.Subject != "" {
		v.About = "/activity?" + url.Values{"q": {e.Subject}}.Encode()
	}
	v.Thing = s.pageOf(c.UserContext(), e)
	return s.page(c, "activity/show", v)
}

// pageOf is the address of the page of what an entry is about, if it is there.
func (s *server) pageOf(ctx context.Context, e *activity.Entry) string {
	switch e.Action.Kind() {
	case activity.Platforms, activity.Releases:
		if _, err := s.Platforms.Find(ctx, e.Subject); err == nil {
			return "/platforms/" + e.Subject
		}
	case activity.Devices:
		if _, err := s.Devices.Find(ctx, fleet.MAC(e.Subject)); err == nil && e.Subject != "" {
			return "/devices/" + e.Subject
		}
	}
	return ""
}

// exportActivity handles GET /activity/export: the filtered table as CSV.
func (s *server) exportActivity(c *fiber.Ctx) error {
	q, err := activityQuery(c)
	if err != nil {
		return err
	}
	q.Limit, q.After = exportPart, ""
	head := []string{"time", "who", "token", "ip", "what", "kind", "subject", "devices", "changes", "selected", "entry"}
	return s.sendCSV(c, "activity.csv", head, func(ctx context.Context) (lines [][]string, more bool, err error) {
		found, err := s.Activity.Page(ctx, q)
		if err != nil || len(found.Entries) == 0 {
			return nil, false, err
		}
		for _, e := range found.Entries {
			lines = append(lines, activityLine(entryRow{e}))
		}
		q.After = found.Entries[len(found.Entries)-1].ID
		return lines, found.More, nil
	})
}

func activityLine(r entryRow) []string {
	return []string{
		exportTimeOf(&r.At), r.Who(), r.Author.Token, r.Author.IP, r.What(), string(r.Action.Kind()), r.Subject, fmt.Sprint(r.Devices),
		inOneLine(r.Changes), r.Selected, r.ID,
	}
}
