package handlers

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
)

// statusOf is the status for a kind of failure.
var statusOf = map[fault.Kind]int{
	fault.Invalid:      fiber.StatusUnprocessableEntity,
	fault.NotFound:     fiber.StatusNotFound,
	fault.Conflict:     fiber.StatusConflict,
	fault.Forbidden:    fiber.StatusForbidden,
	fault.Unauthorized: fiber.StatusUnauthorized,
	fault.TooLarge:     fiber.StatusRequestEntityTooLarge,
	fault.TooMany:      fiber.StatusTooManyRequests,
	fault.Busy:         fiber.StatusServiceUnavailable,
}

// sentences says what is wrong where Fiber itself refuses a request.
var sentences = map[int]string{
	fiber.StatusBadRequest:                  "The request could not be read.",
	fiber.StatusNotFound:                    "There is nothing here.",
	fiber.StatusMethodNotAllowed:            "This address does not take that method.",
	fiber.StatusRequestTimeout:              "The request took too long to arrive.",
	fiber.StatusRequestEntityTooLarge:       "The request is too large.",
	fiber.StatusRequestHeaderFieldsTooLarge: "The request's headers are too large.",
	fiber.StatusServiceUnavailable:          "The server is busy. Try again in a moment.",
}

// fail is the one way in which an error becomes an answer: a sentence in the
// form that the client reads. What is the server's own fault is logged under an
// id, which is all that the client sees of it.
func (s *server) fail(c *fiber.Ctx, err error) error {
	status, f := s.classify(c, err)
	retryAfter(c, f)
	if c.Request().IsBodyStream() {
		c.Context().SetConnectionClose()
	}
	switch {
	case c.Path() == "/update":
		return sendLine(c, status, f.Message)
	case strings.HasPrefix(c.Path(), "/api/"):
		return c.Status(status).JSON(apiError{Error: f.Message, Fields: f.Fields})
	case isFragment(c):
		return s.render(c.Status(status), "layouts/_problem", problemView{Message: f.Message})
	}
	if u, err := s.signedInUser(c); err == nil && u != nil { // where no guard ran
		c.Locals(userKey, u)
	}
	return s.page(c.Status(status), "layouts/problem", &problemPage{page: page{Title: "Something is in the way"}, Message: f.Message, Status: status})
}

// classify turns any error into a status and a sentence that may be shown.
func (s *server) classify(c *fiber.Ctx, err error) (int, *fault.Error) {
	if f := fault.Of(err); f != nil {
		return statusOf[f.Kind], f
	}
	var e *fiber.Error
	if errors.As(err, &e) {
		if sentence, ok := sentences[e.Code]; ok {
			return e.Code, &fault.Error{Message: sentence}
		}
		if e.Code < 500 {
			return e.Code, &fault.Error{Message: sentences[fiber.StatusBadRequest]}
		}
	}
	id := account.NewID()
	s.Log.Error("request failed", "id", id, "method", c.Method(), "path", c.Path(), "err", err)
	return fiber.StatusInternalServerError,
		&fault.Error{Message: fmt.Sprintf("The server failed to do this. Its log says why, under %s.", id)}
}

// retryAfter tells a client when to come back, if a failure knows it.
func retryAfter(c *fiber.Ctx, f *fault.Error) {
	if f.Retry > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(f.Retry.Seconds()))))
	}
}

// sendLine answers a board: one line of plain text.
func sendLine(c *fiber.Ctx, status int, sentence string) error {
	c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff") // a browser may have asked, and the sentence quotes it
	return c.Status(status).SendString("Error: " + sentence + "\n")
}

type problemView struct{ Message string }

type problemPage struct {
	page
	Message string
	Status  int
}
