package handlers

import (
	"bufio"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
)

// announcer tells every process of this server what changed.
type announcer interface{ Publish(topics ...string) }

// changed tells open pages, after a write, what is no longer as they show it.
// Topics are those of the package live: what changed, not how it looks.
//
// What people changed is in the index of the device route before they are told
// that it is done. Where that fails it is tried again soon, and boards are
// answered as before until then.
func (s *server) changed(topics ...string) {
	ctx, cancel := context.WithTimeout(context.Background(), s.waits.change)
	defer cancel()
	if err := s.Index.Refresh(ctx); err != nil {
		s.Log.Warn("a change is not known to the device route yet", "err", err)
	}
	s.tell(topics...)
}

// tell is changed for what no decision of the device route depends on.
func (s *server) tell(topics ...string) {
	if !slices.Equal(topics, []string{live.Activity}) {
		s.lastChange.Store(time.Now().UnixNano())
	}
	if slices.Contains(topics, live.Fleet) || slices.Contains(topics, live.Resync) {
		s.lastEdit.Store(time.Now().UnixNano())
	}
	s.Announce.Publish(topics...)
}

// The bounds of what a page may listen to.
const (
	maxWatched = 400 // rows
	maxTopics  = 20
	maxSkew    = time.Second // of the clocks of two processes
)

// watch is what a page shows, so what it wants to hear of.
type watch struct {
	Rows   map[fleet.MAC]bool // of a table of devices
	Topics []string           // that the rest of the page is about; one that ends with a colon is all of its kind
	Since  time.Time          // how the page was then
}

// live handles GET /live: the stream of what changes on an open page.
func (s *server) live(c *fiber.Ctx) error {
	if c.Method() == fiber.MethodHead { // a page that asks whether it is still let in
		return c.SendStatus(fiber.StatusNoContent)
	}
	w := watchOf(c)
	l := s.Hub.ListenSince(w.Since.Add(-maxSkew))
	if l == nil {
		return fiber.ErrServiceUnavailable
	}
	out := &stream{server: s, watch: w, listener: l, session: sessionHash(c), role: userOf(c).Role}
	c.Set(fiber.HeaderContentType, "text/event-stream")
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set("X-Accel-Buffering", "no")
	done := c.Context().Done() // of the server; not to be asked once the handler is over
	c.Context().SetBodyStreamWriter(func(b *bufio.Writer) { out.run(b, done) })
	return nil
}

// watchOf reads what a page says that it shows.
func watchOf(c *fiber.Ctx) watch {
	w := watch{Rows: map[fleet.MAC]bool{}}
	for text := range strings.SplitSeq(c.Query("rows"), ",") {
		if mac, err := fleet.ParseMAC(text); err == nil && len(w.Rows) < maxWatched {
			w.Rows[mac] = true
		}
	}
	if topics := strings.Fields(strings.Clone(c.Query("on"))); len(topics) <= maxTopics {
		w.Topics = topics
	}
	if ms, err := strconv.ParseInt(c.Query("since"), 10, 64); err == nil {
		w.Since = time.UnixMilli(ms)
	}
	return w
}

// touches reports whether the page, its rows aside, is about any of the topics.
func (w *watch) touches(topics map[string]struct{}) bool {
	for topic := range topics {
		if topic == live.Resync || slices.ContainsFunc(w.Topics, func(t string) bool {
			return t == topic || strings.HasSuffix(t, ":") && strings.HasPrefix(topic, t)
		}) {
			return true
		}
	}
	return false
}

// changedRows are the rows of the page that the topics are about.
func (w *watch) changedRows(topics map[string]struct{}) []fleet.MAC {
	all := changesAll(topics)
	var macs []fleet.MAC
	for mac := range w.Rows {
		if _, changed := topics[live.Device+string(mac)]; changed || all {
			macs = append(macs, mac)
		}
	}
	slices.Sort(macs)
	return macs
}

// changesAll reports whether any row may have changed: when changes may have been
// missed, and when the fleet changed with a platform, since a device is behind by
// what its platform offers.
func changesAll(topics map[string]struct{}) bool {
	_, missed := topics[live.Resync]
	_, all := topics[live.Fleet]
	platform := false
	for topic := range topics {
		platform = platform || strings.HasPrefix(topic, live.Platform)
	}
	return missed || all && platform
}

// stillIn fails when the person who listens was signed out, or may now see or
// change other things than when the stream began.
func (s *stream) stillIn(ctx context.Context) error {
	found, err := s.server.Sessions.Find(ctx, s.session)
	if err == nil && (found == nil || found.User.Role != s.role || s.role == account.Plain) {
		err = fault.New(fault.Unauthorized, "The session ended.")
	}
	return err
}
