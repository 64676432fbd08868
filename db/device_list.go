package db

import (
	"context"
	"slices"
	"strings"
	"time"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

// fewDevices is a number of devices that can be looked at one by one, in place
// of reading an index from end to end.
const fewDevices = 5000

// sortKeys is the column that each order compares. Its index ends with the MAC.
var sortKeys = map[fleet.DeviceSort]string{
	fleet.ByMAC: "d.mac", fleet.ByPlatform: "COALESCE(d.platform, '')", fleet.ByVersion: "d.version_key", fleet.ByLastSeen: "d.last_seen_key",
	fleet.ByFirstSeen: "d.first_seen_key", fleet.ByIP: "d.ip_key", fleet.ByNotes: "d.notes_key",
}

// placedRow is a device with the text of what the order compares.
type placedRow struct {
	deviceRow
	Place string
}

// List is the devices that a query asks for.
func (s *Devices) List(ctx context.Context, q fleet.DeviceQuery) ([]fleet.Device, error) {
	page, err := s.Page(ctx, q)
	if err != nil {
		return nil, err
	}
	return page.Devices, nil
}

// Page is the devices that a query asks for, with where the pages beside it are.
func (s *Devices) Page(ctx context.Context, q fleet.DeviceQuery) (*fleet.DevicePage, error) {
	few, err := s.isFew(ctx, q)
	if err != nil {
		return nil, err
	}
	var rows []placedRow
	text, args := s.pageText(q, few)
	if err := s.db.read.SelectContext(ctx, &rows, text, args...); err != nil {
		return nil, err
	}
	more := q.Limit > 0 && len(rows) > q.Limit
	if more {
		rows = rows[:q.Limit]
	}
	p := &fleet.DevicePage{Before: q.After != "", After: more}
	if backwards(&q) {
		slices.Reverse(rows)
		p.Before, p.After = more, q.Before != ""
	}
	for i := range rows {
		p.Devices = append(p.Devices, rows[i].device())
	}
	if len(rows) > 0 {
		p.FirstKey, p.LastKey = rows[0].Place, rows[len(rows)-1].Place
	}
	return p, nil
}

// backwards reports whether a page is found from its end.
func backwards(q *fleet.DeviceQuery) bool { return q.Last || q.Before != "" }

// isFew reports whether the platform and the state of a query leave few devices,
// whatever is searched.
func (s *Devices) isFew(ctx context.Context, q fleet.DeviceQuery) (bool, error) {
	if q.Platform == "" && q.State == "" {
		return false, nil
	}
	q.Search = ""
	var n int
	w := where{engine: s.db.engine}
	from := w.filter(&q, true)
	err := s.db.read.GetContext(ctx, &n, `SELECT COUNT(*) FROM (SELECT 1 AS one FROM `+from+w.text()+` LIMIT `+w.arg(fewDevices)+`) found`, w.args...)
	return n < fewDevices, err
}

// Count is how many devices a query finds, whatever its page.
func (s *Devices) Count(ctx context.Context, q fleet.DeviceQuery) (n int64, err error) {
	w := where{engine: s.db.engine}
	from := w.filter(&q, true)
	err = s.db.read.GetContext(ctx, &n, `SELECT COUNT(*) FROM `+from+w.text(), w.args...)
	return n, err
}

// States is how many devices are in which state, of a platform or of all. What
// is up to date is counted as the rest: it is the most, and costs the most.
func (s *Devices) States(ctx context.Context, platform string) (map[fleet.State]int64, error) {
	states := map[fleet.State]int64{}
	rest, err := s.Count(ctx, fleet.DeviceQuery{Platform: platform})
	if err != nil {
		return nil, err
	}
	for _, state := range fleet.States {
		if state == fleet.UpToDate || state == fleet.New && platform != "" {
			continue
		}
		n, err := s.Count(ctx, fleet.DeviceQuery{Platform: platform, State: state})
		if err != nil {
			return nil, err
		}
		states[state] = n
		rest -= n
	}
	states[fleet.UpToDate] = max(rest, 0)
	return states, nil
}

// pageText is the query of a page: it finds the MACs in a narrow index, and then
// the rows. Where few devices are left, or a search finds them, the index of the
// order is kept out of it (by a COALESCE that changes nothing), since it would be
// read from end to end; else those of the filter are, and it is read until the
// page is full.
func (s *Devices) pageText(q fleet.DeviceQuery, few bool) (string, []any) {
	w := where{engine: s.db.engine}
	from := w.filter(&q, few)
	if sortKeys[q.Sort] == "" {
		q.Sort = fleet.ByMAC
	}
	key := sortKeys[q.Sort]
	if q.Sort == fleet.ByPlatform && (q.Permitted || q.Platform != "") {
		key = "d.platform"
	}
	w.from(&q, key)
	order := key
	if q.Sort == fleet.ByMAC && strings.HasPrefix(from, "devices f") {
		order = "f.search" // which starts with the MAC
	} else if queue := q.State == fleet.New && q.Sort == fleet.ByFirstSeen; !queue && (few || q.Search != "") {
		order = same(key)
	}
	down := ""
	if q.Descending != backwards(&q) {
		down = " DESC"
	}
	limit := ""
	if q.Limit > 0 {
		limit = " LIMIT " + w.arg(q.Limit+1) // one more tells whether there are more
	}
	return `SELECT ` + deviceColumns + `, CAST(` + key + ` AS TEXT) AS place FROM (
SELECT d.mac AS found FROM ` + from + w.text() + ` ORDER BY ` + order + down + `, d.mac` + down + limit + `) page
JOIN devices d ON d.mac = page.found LEFT JOIN platforms p ON p.name = d.platform
ORDER BY ` + key + down + `, d.mac` + down, w.args
}

// same is a column in a form that no index is used for.
func same(column string) string { return "COALESCE(" + column + ", " + column + ")" }

// where collects the conditions of a query and their arguments.
type where struct {
	engine engine
	parts  []string
	args   []any
}

func (w *where) add(part string) { w.parts = append(w.parts, part) }

// arg adds an argument and is its place in the text.
func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return placeholder(len(w.args))
}

func (w *where) text() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.parts, " AND ")
}

// from continues a list at the place that the query names.
func (w *where) from(q *fleet.DeviceQuery, key string) {
	mac, sign := q.After, ">"
	if q.Before != "" {
		mac, sign = q.Before, "<"
	}
	if mac == "" {
		return
	}
	if q.Descending {
		sign = map[string]string{">": "<", "<": ">"}[sign]
	}
	if q.Sort == fleet.ByMAC {
		w.add("d.mac " + sign + " " + w.arg(mac))
		return
	}
	w.add("(" + key + ", d.mac) " + sign + " (" + w.arg(q.Key) + ", " + w.arg(mac) + ")")
}

// filter adds the conditions of a query, and is the tables in the order in which
// they are best read: SQLite keeps to the order of a CROSS JOIN.
func (w *where) filter(q *fleet.DeviceQuery, few bool) (from string) {
	released := q.State == fleet.Behind || q.State == fleet.UpToDate
	switch scanned := q.Search != "" && (!few || q.Platform == "" && q.State == ""); {
	case scanned:
		from = "devices f CROSS JOIN devices d"
		w.add("d.mac = substr(f.search, 1, 12)")
		w.search("f", q.Search)
	case released && few:
		from = "platforms p CROSS JOIN devices d"
	default:
		from = "devices d"
	}
	if released && !strings.HasPrefix(from, "platforms") {
		from += " CROSS JOIN platforms p"
	}
	if q.Search != "" && !strings.HasPrefix(from, "devices f") {
		w.search("d", q.Search)
	}
	w.state(q, few)
	return from
}

// state adds the conditions of a platform and of a state, which are those of
// fleet.Device.State.
func (w *where) state(q *fleet.DeviceQuery, few bool) {
	column := func(name string) string {
		if few {
			return "d." + name
		}
		return w.engine.unindexed("d." + name)
	}
	silent := func() string { return w.arg(Now().Add(-fleet.SilentAfter)) }
	switch {
	case q.Platform != "" && q.State == "" && q.Sort == fleet.ByMAC:
		w.add("d.platform = " + w.arg(q.Platform)) // its index has this order too
	case q.Platform != "":
		w.add(column("platform") + " = " + w.arg(q.Platform))
	case q.State != "" && q.State != fleet.New || q.Permitted && q.State == "":
		w.add(column("platform") + " IS NOT NULL")
	}
	switch q.State {
	case "":
	case fleet.New:
		w.add("d.platform IS NULL")
		if q.Ignored != nil {
			w.add(map[bool]string{true: isIgnored, false: "NOT (" + isIgnored + ")"}[*q.Ignored])
		}
	case fleet.Waiting:
		w.add(column("last_seen") + " IS NULL")
	case fleet.Silent:
		w.add(column("last_seen") + " <= " + silent())
	case fleet.Refused:
		w.add(column("answer") + " = 'refusal' AND " + column("last_seen") + " > " + silent())
	case fleet.Behind:
		w.add(column("platform") + " = p.name AND d.version_key < p.offered_key AND d.answer <> 'refusal' AND " + column("last_seen") + " > " + silent())
	case fleet.UpToDate:
		w.add(column("platform") + " = p.name AND d.version_key >= p.offered_key AND d.answer <> 'refusal' AND " + column("last_seen") + " > " + silent())
	default:
		w.add("1 = 0")
	}
}

// search adds the condition that a text is found as it was typed, or, where it
// may be the part of a MAC in some spelling, its digits.
func (w *where) search(table, text string) {
	like := func(column, s string) string { return column + " LIKE " + w.arg(contains(s)) + " ESCAPE '!'" }
	found := like(table+".search", text)
	if digits := fleet.MACFragment(text); digits != "" { // which the text that is searched begins with
		found = "(" + like("substr("+table+".search, 1, 12)", digits) + " OR " + found + ")"
	}
	w.add(found)
}

// CheckPlace says fault.Invalid when a key, as it came with a request, is none
// that the order compares.
func (s *Devices) CheckPlace(q *fleet.DeviceQuery) error {
	if q.Sort != fleet.ByLastSeen && q.Sort != fleet.ByFirstSeen || q.After == "" && q.Before == "" {
		return nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999-07:00"} {
		if _, err := time.Parse(layout, q.Key); err == nil {
			return nil
		}
	}
	return fault.Field("key", "This page of the list cannot be found: start again from the first.")
}
