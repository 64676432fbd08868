package handlers

import (
	"slices"
	"time"

	"esp-update-server/app/fleet"
)

// rememberForgery keeps that somebody asks with the MAC of a device and without
// its password.
func (s *server) rememberForgery(h *fleet.Heard) {
	h.Forged = true
	if s.forgeries.Tell(h.MAC, h.At) {
		s.Log.Warn("a check-in seems to be forged: its MAC is of a device that knows the password", append(logged(h), "reason", h.Sentence)...)
		s.Writer.Add(h)
	}
}

// forgery is the last time that somebody asked with a device's MAC and without
// its password, as far as it is told of.
type forgery struct {
	Platform string
	From     string
	At       *time.Time
}

// forgeryShown is how long it is shown.
const forgeryShown = 7 * 24 * time.Hour

// lastForgery is that of a history, which has the newest first.
func lastForgery(list []fleet.Happening) *forgery {
	i := slices.IndexFunc(list, func(h fleet.Happening) bool { return h.Event == fleet.SeemsForged })
	if i < 0 || time.Since(list[i].At) > forgeryShown {
		return nil
	}
	return &forgery{Platform: list[i].Platform, From: list[i].Detail, At: &list[i].At}
}
