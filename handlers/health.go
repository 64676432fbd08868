package handlers

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"
)

// healthz answers while the process lives.
func (s *server) healthz(c *fiber.Ctx) error { return c.SendString("ok\n") }

// readyz answers 200 when boards can be answered.
func (s *server) readyz(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), 2*time.Second)
	defer cancel()
	if err := s.Ping(ctx); err != nil {
		s.Log.Warn("not ready", "err", err)
		return c.Status(fiber.StatusServiceUnavailable).SendString("The database does not answer.\n")
	}
	return c.SendString("ready\n")
}
