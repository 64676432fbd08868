package handlers

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// The bounds of what is remembered of peers that look like a proxy.
const (
	hintFor = time.Hour // since the last request that looked so
	hintMax = 8         // peers
)

// proxyHints remembers peers that are not trusted and send what proxies add. A
// reverse proxy that the settings do not name makes all boards and people seem to
// come from its address, and links seem to be plain.
//
// Anybody can make such a header up, and would have admins trust their address.
// So an address of the internet counts only when a person who is signed in came
// through it, which no scanner can do. A private one counts at once: it is near
// the server, where proxies are and strangers are not.
type proxyHints struct {
	mu   sync.Mutex
	seen map[netip.Addr]proxyHint
}

type proxyHint struct {
	header string
	last   time.Time
}

// forwarding are the headers that proxies add.
var forwarding = []string{fiber.HeaderXForwardedFor, fiber.HeaderXForwardedProto, fiber.HeaderForwarded}

// note takes in a request of a peer that is not trusted, with what a proxy added
// and whether a person who is signed in sent it.
func (h *proxyHints) note(header string, peer netip.Addr, person bool) {
	if header == "" || !near(peer) && !person {
		return
	}
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tidy(now)
	if _, known := h.seen[peer]; !known && len(h.seen) >= hintMax {
		return
	}
	if h.seen == nil {
		h.seen = map[netip.Addr]proxyHint{}
	}
	h.seen[peer] = proxyHint{header, now}
}

// forwardedBy is a header that a proxy added to a request; "" for none.
func forwardedBy(ctx *fasthttp.RequestCtx) string {
	for _, name := range forwarding {
		if len(ctx.Request.Header.Peek(name)) > 0 {
			return name
		}
	}
	return ""
}

// noteAgain is note for a board that asked what it asked before.
func (s *server) noteAgain(ctx *fasthttp.RequestCtx) {
	header := forwardedBy(ctx)
	if header == "" {
		return
	}
	if peer, ok := netip.AddrFromSlice(ctx.RemoteIP()); ok && !s.trusts(peer.Unmap()) {
		s.proxies.note(header, peer.Unmap(), false)
	}
}

// near reports whether an address is of this machine or of a private network.
func near(peer netip.Addr) bool {
	return peer.IsLoopback() || peer.IsPrivate() || peer.IsLinkLocalUnicast()
}

func (h *proxyHints) tidy(now time.Time) {
	maps.DeleteFunc(h.seen, func(_ netip.Addr, p proxyHint) bool { return now.Sub(p.last) >= hintFor })
}

// problems tells admins which setting is missing. It goes by itself once no such
// request came for an hour.
func (h *proxyHints) problems() (list []problem) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tidy(time.Now())
	for _, peer := range slices.SortedFunc(maps.Keys(h.seen), netip.Addr.Compare) {
		address := peer.WithZone("").String()
		text := "Requests from " + address + " carry " + h.seen[peer].header + ", which is not believed: everybody behind it seems to be " + address +
			". If that is your reverse proxy, and nobody reaches the server from there past it, set TRUSTED_PROXIES=" + address + " and start again."
		if h.seen[peer].header == fiber.HeaderForwarded {
			text += " Let it send X-Forwarded-For and X-Forwarded-Proto, too."
		}
		list = append(list, problem{Mark: mark{Icon: "triangle-alert", Word: "setting"}, Text: text})
	}
	return list
}
