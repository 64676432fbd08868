package handlers

import (
	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
)

type homeWaiting struct{ page }

// home handles GET /.
func (s *server) home(c *fiber.Ctx) error {
	if userOf(c).Role == account.Plain {
		return s.page(c, "home/waiting", &homeWaiting{page{Title: "Almost there"}})
	}
	return c.Redirect("/devices", fiber.StatusSeeOther)
}
