package db

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

// Activity keeps what people changed.
type Activity struct{ db *DB }

type activityRow struct {
	ID       string
	At       time.Time
	UserID   string `db:"user_id"`
	Author   string
	Token    string
	IP       string
	Action   activity.Action
	Subject  string
	Devices  int64
	Selected string
	Changes  string
}

func (r *activityRow) entry() (e activity.Entry, err error) {
	e = activity.Entry{
		ID: r.ID, At: r.At, Author: activity.Author{UserID: r.UserID, Name: r.Author, Token: r.Token, IP: r.IP},
		Action: r.Action, Subject: r.Subject, Devices: r.Devices, Selected: r.Selected,
	}
	if err = json.Unmarshal([]byte(r.Changes), &e.Changes); err != nil {
		err = fmt.Errorf("reading the entry %s: %w", r.ID, err)
	}
	return e, err
}

const selectActivity = `SELECT id, at, user_id, author, token, ip, action, subject, devices, selected, changes FROM activity`

// Page is the entries that a query finds, the newest first.
func (s *Activity) Page(ctx context.Context, q activity.Query) (*activity.Page, error) {
	w := where{engine: s.db.engine}
	w.activity(&q)
	var rows []activityRow
	text := selectActivity + w.text() + ` ORDER BY id DESC LIMIT ` + w.arg(q.Limit+1)
	if err := s.db.read.SelectContext(ctx, &rows, text, w.args...); err != nil {
		return nil, err
	}
	p := &activity.Page{More: len(rows) > q.Limit}
	for i := range rows[:min(len(rows), q.Limit)] {
		e, err := rows[i].entry()
		if err != nil {
			return nil, err
		}
		p.Entries = append(p.Entries, e)
	}
	return p, nil
}

// activity adds the conditions of a query. What may be a MAC, or the beginning
// of one, is looked for among the devices of each entry too.
func (w *where) activity(q *activity.Query) {
	if q.Kind != "" {
		w.add(`kind = ` + w.arg(q.Kind))
	}
	if q.Author != "" {
		w.add(`author = ` + w.arg(q.Author))
	}
	if q.After != "" {
		w.add(`id < ` + w.arg(q.After))
	}
	if q.Search == "" {
		return
	}
	found := `search LIKE ` + w.arg(contains(q.Search)) + ` ESCAPE '!'`
	if digits := macDigits(q.Search); digits != "" {
		found += ` OR id IN (SELECT activity FROM activity_devices WHERE mac >= ` + w.arg(digits) + ` AND mac < ` + w.arg(digits+"g") + `)`
	}
	w.add(`(` + found + `)`)
}

// macDigits is the digits of a MAC or of half of one, which names the maker, at
// the least; "" when a text is neither.
func macDigits(s string) string {
	digits := fleet.MACFragment(s)
	if mac, err := fleet.ParseMAC(s); err == nil {
		digits = string(mac)
	}
	if len(digits) < 6 || len(digits) > 12 {
		return ""
	}
	return digits
}

// Authors is up to limit names of those who did anything, in their order. Each
// is found in the index by the one before it.
func (s *Activity) Authors(ctx context.Context, limit int) (names []string, err error) {
	err = s.db.read.SelectContext(ctx, &names, `
WITH RECURSIVE authors (name) AS (
  SELECT MIN(author) FROM activity WHERE author > ''
  UNION ALL SELECT (SELECT MIN(a.author) FROM activity a WHERE a.author > authors.name) FROM authors WHERE authors.name IS NOT NULL)
SELECT name FROM authors WHERE name IS NOT NULL LIMIT $1`, limit)
	slices.Sort(names) // databases collate by the rules of a language
	return names, err
}

// Find is the entry of a key, or fault.NotFound.
func (s *Activity) Find(ctx context.Context, id string) (*activity.Entry, error) {
	var row activityRow
	err := s.db.read.GetContext(ctx, &row, selectActivity+` WHERE id = $1`, id)
	if none(err) {
		return nil, fault.New(fault.NotFound, "There is no such entry, or no longer.")
	}
	if err != nil {
		return nil, err
	}
	e, err := row.entry()
	return &e, err
}

// Devices is up to limit devices that an entry was about, by their MACs, those
// after one when it is given.
func (s *Activity) Devices(ctx context.Context, id string, after fleet.MAC, limit int) ([]activity.Device, error) {
	return devicesOf(ctx, s.db.read, id, after, limit)
}

func devicesOf(ctx context.Context, q sqlx.QueryerContext, id string, after fleet.MAC, limit int) ([]activity.Device, error) {
	var rows []struct {
		MAC            fleet.MAC
		PlatformBefore string `db:"platform_before"`
		PlatformAfter  string `db:"platform_after"`
		NotesBefore    string `db:"notes_before"`
		NotesAfter     string `db:"notes_after"`
	}
	err := sqlx.SelectContext(ctx, q, &rows, `
SELECT mac, platform_before, platform_after, notes_before, notes_after FROM activity_devices
WHERE activity = $1 AND mac > $2 ORDER BY mac LIMIT $3`, id, after, limit)
	list := make([]activity.Device, len(rows))
	for i, r := range rows {
		list[i] = activity.Device(r)
	}
	return list, err
}
