package handlers

import (
	"io"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
)

// drainLimit is how much of a body that is too large is still read, so that
// the client, which sends before it listens, gets to see the answer.
const drainLimit = 64 << 20

// bound reads the body of a request that is no upload, up to its limit. Bodies
// are streamed, which turns Fiber's own limit off.
func (s *server) bound(r route) fiber.Handler {
	if r.body == upload {
		return func(c *fiber.Ctx) error { return c.Next() }
	}
	limit := map[body]int{small: bodyLimit, list: listLimit}[r.body]
	return func(c *fiber.Ctx) error {
		stream := c.Context().RequestBodyStream()
		if stream == nil {
			return c.Next()
		}
		data, err := io.ReadAll(io.LimitReader(stream, int64(limit)+1))
		if err != nil {
			return fault.New(fault.Invalid, "The request's body could not be read.")
		}
		if len(data) > limit {
			drain(c)
			return fault.New(fault.TooLarge, "The request is larger than %d KiB.", limit>>10)
		}
		c.Request().SetBodyRaw(data)
		return c.Next()
	}
}

// drain reads what is left of a body, up to a bound, and closes the connection.
func drain(c *fiber.Ctx) {
	if stream := c.Context().RequestBodyStream(); stream != nil {
		_, _ = io.CopyN(io.Discard, stream, drainLimit)
	}
	c.Context().SetConnectionClose()
}
