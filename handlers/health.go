package handlers

import "github.com/gofiber/fiber/v2"

// healthz answers while the process lives.
func (s *server) healthz(c *fiber.Ctx) error { return c.SendString("ok\n") }

// readyz answers 200 when boards can be answered, which they are from memory: also
// while the database is away.
func (s *server) readyz(c *fiber.Ctx) error {
	if !s.Index.Ready() {
		return c.Status(fiber.StatusServiceUnavailable).SendString("The devices are still being loaded.\n")
	}
	return c.SendString("ready\n")
}
