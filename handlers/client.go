package handlers

import (
	"bytes"
	"net/netip"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// clientIP is the address of who asks. Behind trusted proxies it is the
// rightmost address in X-Forwarded-For that is none of them, since all that
// stands left of it can be made up by the client. Some proxies add a line of
// their own instead of writing on.
func (s *server) clientIP(c *fiber.Ctx) string {
	peer, ok := netip.AddrFromSlice(c.Context().RemoteIP())
	if !ok {
		return ""
	}
	peer = peer.Unmap()
	if !s.trusts(peer) {
		s.proxies.note(forwardedBy(c.Context()), peer, userOf(c) != nil)
		return peer.String()
	}
	hops := strings.Split(string(bytes.Join(c.Request().Header.PeekAll(fiber.HeaderXForwardedFor), []byte(","))), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		ip, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		peer = ip.Unmap()
		if !s.trusts(peer) {
			break
		}
	}
	return peer.WithZone("").String()
}

func (s *server) trusts(ip netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// secure reports whether the request reached us, or the proxy before us, by TLS.
func (s *server) secure(c *fiber.Ctx) bool {
	if c.Context().IsTLS() {
		return true
	}
	peer, ok := netip.AddrFromSlice(c.Context().RemoteIP())
	return ok && s.trusts(peer.Unmap()) && forwardedSecurely(c)
}

// forwardedSecurely reports whether the last proxy says that it was asked by TLS.
func forwardedSecurely(c *fiber.Ctx) bool {
	said := c.Request().Header.PeekAll(fiber.HeaderXForwardedProto)
	return len(said) > 0 && string(said[len(said)-1]) == "https"
}
