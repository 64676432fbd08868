package handlers

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
)

// pageSize is how many devices a page of a table shows.
const pageSize = 100

// deviceTable is a table of devices: all that are permitted, those of one
// platform, or the new ones.
type deviceTable struct {
	Home      string // path of the page that it stands on
	Here      string // address of that page with this part of the table
	Query     fleet.DeviceQuery
	Fixed     bool // the platform is that of the page
	States    []stateLink
	Columns   []deviceColumn
	Rows      []deviceRow
	Total     int64 // devices that the table leads through; -1 when that is not counted
	First     string
	Previous  string
	Next      string
	Last      string
	Empty     string // what is said when there are no rows
	Elsewhere string // where what was searched is found, among the new devices; "" when it is not
	MayChange bool
}

// filterView is the form above a table.
type filterView struct {
	Table     *deviceTable
	Platforms []string // to choose from
}

// stateLink shows the devices in one state alone.
type stateLink struct {
	mark
	Devices int64
	To      string
	Current bool
}

// deviceColumn is the head of a column, which sorts by it.
type deviceColumn struct {
	Title string
	Class string
	To    string // "" where there is no such order
	Sort  string // for aria-sort; "" when the table has another order
	Icon  string
}

// deviceRow is one device in a table.
type deviceRow struct {
	fleet.Device
	Key       string // the MAC in addresses and ids
	Mark      mark
	MayChange bool
	Focus     string // field that was edited and is focused; "" for none
}

func toDeviceRow(c *fiber.Ctx, d *fleet.Device) deviceRow { return rowOf(d, mayChange(c)) }

// rowOf is a row as pages and the live stream show it.
func rowOf(d *fleet.Device, mayChange bool) deviceRow {
	return deviceRow{Device: *d, Key: string(d.MAC), Mark: marks[d.State(time.Now())], MayChange: mayChange}
}

// Reported is the name of the platform that the device asked for, when that is
// another than the one it is on.
func (d deviceRow) Reported() string {
	if fleet.FoldPlatformName(d.RequestedPlatform) == d.Platform {
		return ""
	}
	return d.RequestedPlatform
}

// LastAnswer says in words what the device got at its last check-in.
func (d deviceRow) LastAnswer() string { return answers[ota.Reason(d.Reason)] }

// FilesystemAnswer says it of the last one that asked for a file system.
func (d deviceRow) FilesystemAnswer() string { return answers[ota.Reason(d.Filesystem.Reason)] }

// deviceTable is the part of a table that a query asks for. A search or a state
// looks at new devices too only where it says so.
func (s *server) deviceTable(c *fiber.Ctx, home string, q fleet.DeviceQuery) (*deviceTable, error) {
	q.Permitted, q.Limit = q.State != fleet.New, pageSize
	t := &deviceTable{Home: home, Query: q, Fixed: home != "/devices", MayChange: mayChange(c), Total: -1}
	if err := s.fillTable(c.UserContext(), t); err != nil {
		return nil, err
	}
	states, err := s.countStates(c.UserContext(), q.Platform)
	if err != nil {
		return nil, err
	}
	t.addStates(states)
	t.addColumns()
	return t, s.explainEmpty(c.UserContext(), t)
}

// explainEmpty says what to do about a table without rows. What is searched may
// be a new device.
func (s *server) explainEmpty(ctx context.Context, t *deviceTable) error {
	q := &t.Query
	switch {
	case len(t.Rows) > 0:
		return nil
	case t.Fixed && q.Search == "" && q.State == "":
		t.Empty = "No device is on this whitelist yet. Add one by its MAC, or permit one of the new devices."
		return nil
	}
	t.Empty = "No permitted device matches."
	if q.Search == "" || q.State != "" || q.Platform != "" {
		return nil
	}
	fresh := fleet.DeviceQuery{Search: q.Search, State: fleet.New}
	found, err := s.Devices.CountUpTo(ctx, fleet.Selection{Query: &fresh}, 1)
	if found > 0 {
		t.Elsewhere = t.address(fresh, "", "", "")
	}
	return err
}

// fillTable looks the rows up, and where the pages beside them are.
func (s *server) fillTable(ctx context.Context, t *deviceTable) error {
	if err := s.Devices.CheckPlace(&t.Query); err != nil {
		return err
	}
	page, err := s.Devices.Page(ctx, t.Query)
	if err != nil {
		return err
	}
	for i := range page.Devices {
		t.Rows = append(t.Rows, rowOf(&page.Devices[i], t.MayChange))
	}
	t.Here = t.address(t.Query, "", "", "")
	if n := len(t.Rows); n > 0 {
		first, last := t.Rows[0].Key, t.Rows[n-1].Key
		if page.Before {
			t.First, t.Previous = t.Here, t.address(t.Query, "before", first, page.FirstKey)
		}
		if page.After {
			t.Next, t.Last = t.address(t.Query, "after", last, page.LastKey), t.address(t.Query, "before", atEnd, "")
		}
	}
	switch q := &t.Query; {
	case q.Last:
		t.Here = t.address(*q, "before", atEnd, "")
	case q.Before != "":
		t.Here = t.address(*q, "before", string(q.Before), q.Key)
	case q.After != "":
		t.Here = t.address(*q, "after", string(q.After), q.Key)
	}
	return nil
}

// address is where a query's page is shown, in this table's place.
func (t *deviceTable) address(q fleet.DeviceQuery, side, mac, key string) string {
	if t.Fixed {
		q.Platform = ""
	}
	v := filterValues(&q)
	switch sort := sortValue(q.Sort, q.Descending); {
	case t.Home == "/new-devices":
		v.Del("state")
		if *q.Ignored {
			v.Set("ignored", "1")
		}
	case sort != "":
		v.Set("sort", sort)
	}
	if side != "" {
		v.Set(side, mac)
	}
	if key != "" && q.Sort != fleet.ByMAC {
		v.Set("key", key)
	}
	if len(v) == 0 {
		return t.Home
	}
	return t.Home + "?" + v.Encode()
}

func (t *deviceTable) addStates(counts map[fleet.State]int64) {
	link := func(m mark, n int64) stateLink {
		q := t.Query
		q.State = m.State
		return stateLink{mark: m, Devices: n, To: t.address(q, "", "", ""), Current: t.Query.State == m.State}
	}
	all := int64(0)
	for _, state := range fleet.States {
		if state != fleet.New {
			all += counts[state]
		}
	}
	t.States = append(t.States, link(mark{Icon: "layers", Word: "all"}, all))
	for _, state := range fleet.States {
		if n := counts[state]; n > 0 || t.Query.State == state {
			t.States = append(t.States, link(marks[state], n))
		}
	}
	for _, l := range t.States {
		if l.Current && t.Query.Search == "" {
			t.Total = l.Devices
		}
	}
}

// deviceColumns are the columns of a table of devices. Times begin with the
// latest, versions with the lowest: with what is looked for.
var deviceColumns = []struct {
	title, class string
	sort         fleet.DeviceSort
	descending   bool
}{
	{"Device", "c-name", fleet.ByMAC, false},
	{"State", "c-state", "", false},
	{"Platform", "c-platform", fleet.ByPlatform, false},
	{"Version", "c-version", fleet.ByVersion, false},
	{"Last seen", "c-time", fleet.ByLastSeen, true},
	{"First seen", "c-first", fleet.ByFirstSeen, true},
	{"IP", "c-ip", fleet.ByIP, false},
	{"Notes", "c-notes wide", fleet.ByNotes, false},
}

func (t *deviceTable) addColumns() {
	for _, d := range deviceColumns {
		column := deviceColumn{Title: d.title, Class: d.class}
		if d.sort != "" {
			q := t.Query
			q.Sort, q.Descending = d.sort, d.descending
			if t.Query.Sort == d.sort {
				q.Descending = !t.Query.Descending
				column.Sort, column.Icon = "ascending", "chevron-up"
				if t.Query.Descending {
					column.Sort, column.Icon = "descending", "chevron-down"
				}
			}
			column.To = t.address(q, "", "", "")
		}
		t.Columns = append(t.Columns, column)
	}
}

// Export is where the table is downloaded as a file.
func (t *deviceTable) Export() string {
	v := filterValues(&t.Query)
	if sort := sortValue(t.Query.Sort, t.Query.Descending); sort != "" {
		v.Set("sort", sort)
	}
	return "/devices/export?" + v.Encode()
}

// Matches is where it is counted how many devices the table leads through.
func (t *deviceTable) Matches() string {
	v := filterValues(&t.Query)
	v.Set("all", "1")
	v.Set("back", t.Home)
	if t.Ignored() {
		v.Set("ignored", "1")
	}
	return "/selection/count?" + v.Encode()
}

// Filter is the form above a table whose platform is fixed.
func (t *deviceTable) Filter() filterView { return filterView{Table: t} }

// IsNew reports whether the table shows new devices.
func (t *deviceTable) IsNew() bool { return t.Query.State == fleet.New }

// Ignored reports whether it shows those that are ignored.
func (t *deviceTable) Ignored() bool { return t.Query.Ignored != nil && *t.Query.Ignored }

// SortValue is the order of the table as it stands in addresses.
func (t *deviceTable) SortValue() string { return sortValue(t.Query.Sort, t.Query.Descending) }
