package main

import (
	"bytes"

	"github.com/gofiber/fiber/v2"
)

// serveEmpty is the yardstick: Fiber with a handler that does nothing, and one
// that sends as many bytes as the images have.
func serveEmpty(address string) error {
	image := bytes.Repeat([]byte{0xE9}, imageSize)
	app := fiber.New(fiber.Config{DisableStartupMessage: true, Concurrency: 16 << 10})
	app.Get("/", func(c *fiber.Ctx) error { return nil })
	app.Get("/update", func(c *fiber.Ctx) error {
		if c.Query("ver") == older {
			return c.Send(image)
		}
		return c.SendStatus(fiber.StatusNotModified)
	})
	return app.Listen(address)
}
