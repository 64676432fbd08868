// Package fault names the few kinds of failure that a person or a device can
// cause. Every other error is a bug or an outage of the server itself. It knows
// nothing of HTTP: handlers choose the status for a kind.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind tells what sort of mistake was made.
type Kind int

// The kinds of failure; each maps to one status in handlers.
const (
	Invalid      Kind = iota + 1 // the input is wrong; Fields may say where
	NotFound                     // what was asked for does not exist
	Conflict                     // it clashes with what is there, or somebody else was first
	Forbidden                    // the person may not do this
	Unauthorized                 // nobody is signed in, or the token is wrong
	TooLarge                     // the input is over a limit
	TooMany                      // it was tried too often lately; Retry says when to go on
	Busy                         // more is asked of the server than it can do at once
	Full                         // the server has no room left to keep it
	Away                         // the database does not answer just now
)

// Error is a failure that a person can act on. Message is a whole sentence.
type Error struct {
	Kind    Kind
	Message string
	Fields  map[string]string // field name to sentence; nil when no field is to blame
	Retry   time.Duration     // after which it may go better; 0 when that is not known
}

func (e *Error) Error() string { return e.Message }

// New makes an Error of a kind with a formatted sentence.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Field makes an Invalid error whose sentence belongs to one input field.
func Field(name, format string, args ...any) *Error {
	sentence := fmt.Sprintf(format, args...)
	return &Error{Kind: Invalid, Message: sentence, Fields: map[string]string{name: sentence}}
}

// Of returns the Error in err's chain, or nil when err is of another sort.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Is reports whether err is an Error of the given kind.
func Is(err error, kind Kind) bool {
	e := Of(err)
	return e != nil && e.Kind == kind
}
