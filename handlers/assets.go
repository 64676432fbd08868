package handlers

import (
	"mime"
	"path"
	"strings"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/static"
)

// static serves a file under the name that carries its hash, for ever.
func (s *server) static(c *fiber.Ctx) error {
	name := strings.Clone(c.Params("+"))
	data, ok := static.Read(name)
	if !ok {
		return fiber.ErrNotFound
	}
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	c.Set(fiber.HeaderContentType, mime.TypeByExtension(path.Ext(name)))
	c.Vary(fiber.HeaderAcceptEncoding)
	if encoding := encodingFor(c); encoding != "" {
		if small, encoded := s.assets.get(encoding, name, data); encoded {
			c.Set(fiber.HeaderContentEncoding, encoding)
			return c.Send(small)
		}
	}
	return c.Send(data)
}

// favicon is where browsers look without being told.
func (s *server) favicon(c *fiber.Ctx) error { return c.Redirect(static.URL("favicon.svg")) }
