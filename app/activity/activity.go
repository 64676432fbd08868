// Package activity knows how it is told what people change: who did what to
// what, how it was before and is after. It knows neither HTTP nor SQL.
package activity

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"esp-update-server/app/fleet"
)

// The bounds of what is kept, however busy people and strangers are.
const (
	MaxEntries     = 1_000_000        // the oldest go first
	MaxDevices     = 5_000_000        // of all entries together, likewise
	MaxValue       = 300              // bytes of a value before or after
	FoldSignIns    = 15 * time.Minute // sign-ins of an account from an address within it are one entry
	MaxRefused     = 1000             // refused sign-ins that are told of a day
	MaxOfWaiting   = 100              // changes a day by somebody who waits for an admin
	maxSelected    = 500              // bytes of what was selected
	maxSearchBytes = 4000
)

// Author is who changes something: a person, a token of theirs, or the server
// itself by the word of who runs it.
type Author struct {
	UserID string // "" for who is no user
	Name   string // the e-mail address of a user, or what else acts
	Token  string // the name of the API token; "" for none
	IP     string // "" for who is at the machine itself
	Waits  bool   // whether an admin has yet to let the user in
}

// The authors that are no users.
var (
	CommandLine = Author{Name: "command line"}
	Settings    = Author{Name: "settings"}
)

type authorKey struct{}

// By is a context in which an author acts.
func By(ctx context.Context, a Author) context.Context { return context.WithValue(ctx, authorKey{}, a) }

// AuthorOf is who acts in a context; the zero Author when nobody is named.
func AuthorOf(ctx context.Context) Author {
	a, _ := ctx.Value(authorKey{}).(Author)
	return a
}

// Entry is one change.
type Entry struct {
	ID       string // in the order of time
	At       time.Time
	Author   Author // its Name is "" for a stranger
	Action   Action
	Subject  string   // the key of what was changed: a name, a MAC, an e-mail address; "" for several devices
	Devices  int64    // that it was about
	Selected string   // how they were chosen, in words; "" when there was one
	Changes  []Change // of the subject
}

// Change is how a property was before and is after; "" is none.
type Change struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// String says it in a line: "platform: smart-lamp → smart-plug".
func (c Change) String() string { return c.Field + ": " + orNone(c.Before) + " → " + orNone(c.After) }

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// Between is the changes of a property: one, or none when it stayed the same.
func Between(field, before, after string) []Change {
	if before == after {
		return nil
	}
	return []Change{{Field: field, Before: cut(before, MaxValue), After: cut(after, MaxValue)}}
}

// cut shortens a text and shows that it did.
func cut(s string, n int) string {
	if len(s) <= n {
		return fleet.Cut(s, n)
	}
	return fleet.Cut(s, n) + "…"
}

// Device is one of the devices that an entry was about.
type Device struct {
	MAC                           fleet.MAC
	PlatformBefore, PlatformAfter string
	NotesBefore, NotesAfter       string
}

// Changes is what changed of the device.
func (d *Device) Changes() []Change {
	return append(Between("platform", d.PlatformBefore, d.PlatformAfter), Between("notes", d.NotesBefore, d.NotesAfter)...)
}

// Action is what was done to the device, told by what changed of it.
func (d *Device) Action() Action {
	switch {
	case d.PlatformBefore == d.PlatformAfter:
		return DeviceEdited
	case d.PlatformBefore == "":
		return DevicePermitted
	case d.PlatformAfter == "":
		return DeviceRevoked
	}
	return DeviceMoved
}

// NewID makes the key of an entry of a time. Keys are in the order of time.
func NewID(at time.Time) string {
	b := make([]byte, 4)
	_, _ = rand.Read(b)
	return IDAt(at) + hex.EncodeToString(b)
}

// IDAt is below the keys of all entries from a time on.
func IDAt(at time.Time) string { return fmt.Sprintf("%016x", max(at.UnixMicro(), 0)) }

// Select is how devices were selected, in words.
func Select(sel fleet.Selection) string {
	q := sel.Query
	if q == nil {
		return "picked one by one"
	}
	var parts []string
	for _, p := range [][2]string{{"platform ", q.Platform}, {"state ", string(q.State)}, {"search ", q.Search}} {
		if p[1] != "" {
			parts = append(parts, p[0]+p[1])
		}
	}
	if len(parts) == 0 {
		return "all devices"
	}
	return cut("all that match "+strings.Join(parts, ", "), maxSelected)
}
