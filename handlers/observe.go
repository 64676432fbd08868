package handlers

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/gofiber/fiber/v2"
)

// observe logs each request at debug and turns a panic into an error. The query
// is left out: it may hold a one-time link.
func (s *server) observe(c *fiber.Ctx) (err error) {
	start := time.Now()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		if err != nil {
			err = s.fail(c, err)
		}
		s.Log.Debug("request", "method", c.Method(), "path", c.Path(), "status", c.Response().StatusCode(),
			"ip", s.clientIP(c), "ms", time.Since(start).Milliseconds())
	}()
	return c.Next()
}
