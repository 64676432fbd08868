package handlers

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
)

// contentPolicy lets a page use nothing but this server's own files. The
// data: images are Pico's icons.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// permissions are what no page may do; but for one, serial ports come on top.
const permissions = "camera=(), geolocation=(), microphone=()"

// crossOrigin refuses what another site makes a browser send, by its
// Sec-Fetch-Site and Origin headers.
var crossOrigin = http.NewCrossOriginProtection()

// protect keeps pages from being framed, sniffed or scripted, and requests from
// being forged. Boards are no browsers: their routes get none of it.
func (s *server) protect(c *fiber.Ctx) error {
	if isDevicePath(c.Path()) {
		return c.Next()
	}
	h := &c.Response().Header
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Not no-referrer: with it browsers send "Origin: null" with every form, and
	// on plain HTTP, where they send no Sec-Fetch-Site, all would be refused.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", permissions+", serial=()")
	h.Set("Cache-Control", "no-store")
	if s.secure(c) {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	} else if to, ok := s.secureURL(c); ok {
		return c.Redirect(to, fiber.StatusPermanentRedirect)
	}
	return s.sameOrigin(c)
}

// sameOrigin hands the standard library's rule what it looks at. Converting the
// whole request would read its body first.
func (s *server) sameOrigin(c *fiber.Ctx) error {
	r := http.Request{Method: c.Method(), Host: string(c.Context().Host()), URL: new(url.URL), Header: http.Header{}}
	for _, name := range []string{"Sec-Fetch-Site", "Origin"} {
		if v := c.Get(name); v != "" {
			r.Header.Set(name, v)
		}
	}
	if err := crossOrigin.Check(&r); err != nil {
		return fault.New(fault.Forbidden, "This request came from another site, so nothing was changed.")
	}
	return c.Next()
}

// secureURL is where a page asked for in the clear is, when people are to use
// https. Health checks come from inside and stay. A proxy that is not trusted
// may say https too: to redirect then would never end.
func (s *server) secureURL(c *fiber.Ctx) (string, bool) {
	health := c.Path() == "/healthz" || c.Path() == "/readyz"
	if s.PublicURL == nil || s.PublicURL.Scheme != "https" || health || forwardedSecurely(c) {
		return "", false
	}
	return strings.TrimSuffix(s.PublicURL.String(), "/") + c.OriginalURL(), true
}
