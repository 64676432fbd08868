package handlers

import (
	"net/http"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
)

// TestRequestsAreTimed holds that a database which says nothing is told to people
// and scripts in time, and that nothing cuts off what may take long.
func TestRequestsAreTimed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		route route
		timed bool
	}{
		"a page":    {route{access: viewing}, true},
		"a change":  {route{access: changing}, true},
		"a script":  {route{access: writing}, true},
		"a board":   {route{access: nobody}, false},
		"an upload": {route{access: changing, body: upload}, false},
		"a backup":  {route{access: changing, long: true}, false},
	} {
		app := fiber.New()
		app.Get("/", (&server{}).timed(c.route), func(ctx *fiber.Ctx) error {
			until, timed := ctx.UserContext().Deadline()
			if timed != c.timed || timed && time.Until(until) > requestTime {
				t.Errorf("%s: timed is %v, until %v", name, timed, until)
			}
			return nil
		})
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://localhost/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := app.Test(req); err != nil {
			t.Fatal(err)
		}
	}
}
