package fleet

import (
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
)

// Boards is what tells two boards apart that report one MAC: a forged MAC, or
// one that was copied. What a board looks like changes once when an update
// brings another SDK, and never back by an update; two boards that take turns go
// back and forth.
type Boards struct {
	Last      string // what it looked like last
	Before    string // what it looked like before that, when that differed
	Returns   int64  // how often it went back to what it looked like before
	Dismissed bool   // a person wants to hear no more of it, until it looks like a third board
}

// Suspected reports whether people are told that there are two boards.
func (b *Boards) Suspected() bool { return b.Returns > 0 && !b.Dismissed }

// worthTelling reports whether the history tells of the last return: of the
// first, the tenth, the hundredth, since two boards take turns for ever.
func (b *Boards) worthTelling() bool {
	if b.Dismissed {
		return false
	}
	n := b.Returns
	for n > 1 && n%10 == 0 {
		n /= 10
	}
	return n == 1
}

// looks is what a check-in tells of the board itself, each part "" when it is
// not said.
func looks(c *CheckIn) string {
	r := &c.Report
	if r.Family == "" && r.ChipSize == 0 && r.SDKVersion == "" && r.ChipID == "" {
		return ""
	}
	size := ""
	if r.ChipSize > 0 {
		size = strconv.FormatInt(r.ChipSize, 10)
	}
	return string(r.Family) + " " + size + " " + word(r.ChipID) + " " + word(r.SDKVersion)
}

// word is a foreign string in one word, "" where it was not said.
func word(s string) string { return strings.ReplaceAll(s, " ", "_") }

// After is what is known of the boards of a MAC after a check-in, and whether it
// just went back. Before is the device as it was, nil when it was never seen.
func (b Boards) After(before *Device, c *CheckIn) (after Boards, returned bool) {
	now := looks(c)
	switch {
	case now == "" || now == b.Last: // clients that say nothing are no other board
		return b, false
	case b.Last == "":
		return Boards{Last: now}, false
	case now != b.Before:
		b.Returns, b.Dismissed = returnsOf(b), false
		b.Last, b.Before = now, b.Last
		return b, false
	}
	b.Last, b.Before = now, b.Last
	if updated(before, c) && sameChip(b.Last, b.Before) {
		return b, false // a newer release that is built with the SDK of before
	}
	b.Returns++
	return b, true
}

// returnsOf is how many returns still count when a board looks like a third one.
func returnsOf(b Boards) int64 {
	if b.Dismissed {
		return 0
	}
	return b.Returns
}

// updated reports whether the device runs a higher version than before.
func updated(before *Device, c *CheckIn) bool {
	return before != nil && c.RunningVersion().Key() > before.VersionKey
}

// sameChip reports whether two boards differ in nothing but the SDK, which comes
// with the firmware.
func sameChip(a, b string) bool {
	i, j := strings.LastIndexByte(a, ' '), strings.LastIndexByte(b, ' ')
	return i >= 0 && j >= 0 && a[:i] == b[:j]
}

// Difference tells in words how the two boards of a MAC differ.
func (b *Boards) Difference() string {
	last, before := strings.Split(b.Last, " "), strings.Split(b.Before, " ")
	if len(last) != 4 || len(before) != 4 {
		return ""
	}
	var parts []string
	for i, what := range []string{"chip", "flash of", "chip ID", "SDK"} {
		if last[i] != before[i] {
			parts = append(parts, what+" "+said(i, last[i])+" and "+said(i, before[i]))
		}
	}
	return strings.Join(parts, ", ")
}

// flashPart is which part of the looks is the size of the flash.
const flashPart = 1

// said is a part of the looks in words.
func said(part int, text string) string {
	if text == "" {
		return "(not said)"
	}
	if size, err := strconv.ParseUint(text, 10, 64); err == nil && part == flashPart {
		return humanize.IBytes(size)
	}
	return text
}
