package fleet

import "time"

// UndoWithin is how long what was revoked or forgotten can be undone: the
// seconds that pages offer it, and some for the way.
const UndoWithin = 20 * time.Second

// RemovalKind tells what was done to the devices of a removal.
type RemovalKind string

// The kinds of removal.
const (
	Revocation RemovalKind = "revoked"
	Oblivion   RemovalKind = "forgotten"
)

// Removal is devices that somebody revoked or forgot together, kept for a moment
// so that it can be undone.
type Removal struct {
	ID     string // secret enough that nobody guesses it
	UserID string // who alone can undo it
	Kind   RemovalKind
	By     string // the user, for the history
}
