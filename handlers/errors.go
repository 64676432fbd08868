package handlers

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

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
	fault.Full:         fiber.StatusInsufficientStorage,
	fault.Away:         fiber.StatusServiceUnavailable,
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
	switch {
	case !c.Request().IsBodyStream():
	case f.Kind == fault.Away:
		drain(c) // or who sends a file would hear of a lost connection instead
	default:
		c.Context().SetConnectionClose()
	}
	switch {
	case isDevicePath(c.Path()) || c.Path() == "/metrics":
		return sendLine(c, status, f.Message)
	case strings.HasPrefix(c.Path(), "/api/"):
		return c.Status(status).JSON(apiError{Error: f.Message, Fields: f.Fields})
	case isFragment(c):
		return s.render(c.Status(status), "layouts/_problem", problemView{Message: f.Message})
	}
	return s.problemPage(c.Status(status), f, status)
}

// classify turns any error into a status and a sentence that may be shown.
func (s *server) classify(c *fiber.Ctx, err error) (int, *fault.Error) {
	if f := fault.Of(err); f != nil {
		if f.Kind == fault.Full {
			s.Log.Error("nothing can be saved", "err", err)
		}
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
	if s.IsAway(err) {
		s.Log.Warn("a request needs the database, which does not answer", "method", c.Method(), "path", c.Path(), "err", err)
		return fiber.StatusServiceUnavailable, away(c.Method())
	}
	id := account.NewID()
	s.Log.Error("request failed", "id", id, "method", c.Method(), "path", c.Path(), "err", err)
	return fiber.StatusInternalServerError,
		&fault.Error{Message: fmt.Sprintf("The server failed to do this. Its log says why, under %s.", id)}
}

// awayRetry is when a client may try again while the database does not answer.
const awayRetry = 5 * time.Second

// away is the failure of what needs the database while it does not answer. Of a
// change that broke off nobody knows whether it was saved.
func away(method string) *fault.Error {
	sentence := "The server's database does not answer just now, so nothing can be shown or saved. Boards are answered all the same. Try again in a moment."
	if method != fiber.MethodGet && method != fiber.MethodHead {
		sentence = "The server's database does not answer just now, so changes cannot be saved. " +
			"Wait a moment, then send the same again: the form still has what you typed, if need be one step back."
	}
	return &fault.Error{Kind: fault.Away, Message: sentence, Retry: awayRetry}
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

// problemTitles say what sort of failure a page tells of.
var problemTitles = map[int]string{
	fiber.StatusForbidden:           "Not allowed",
	fiber.StatusNotFound:            "Page not found",
	fiber.StatusConflict:            "Not possible as it is",
	fiber.StatusUnprocessableEntity: "Not understood",
	fiber.StatusTooManyRequests:     "Too many at once",
	fiber.StatusInternalServerError: "The server failed",
	fiber.StatusServiceUnavailable:  "Not just now",
	fiber.StatusInsufficientStorage: "No room left",
}

// problemTitle is the title of the page that tells of a failure.
func problemTitle(c *fiber.Ctx, status int) string {
	if status == fiber.StatusNotFound && (c.Path() == "/setup" || strings.HasPrefix(c.Path(), "/password")) {
		return "This link no longer works"
	}
	return cmp.Or(problemTitles[status], "Something is in the way")
}

type problemView struct{ Message string }

type problemPage struct {
	page
	Message string
	Status  int
	Away    bool   // nothing can be looked up, not even who asks
	Again   string // the page that was asked for, where it may come in a moment
}

func (s *server) problemPage(c *fiber.Ctx, f *fault.Error, status int) error {
	v := &problemPage{page: page{Title: problemTitle(c, status)}, Message: f.Message, Status: status, Away: f.Kind == fault.Away}
	if v.Away && c.Method() == fiber.MethodGet {
		v.Again = localPath(c.OriginalURL())
	}
	if !v.Away {
		if u, err := s.signedInUser(c); err == nil && u != nil { // where no guard ran
			c.Locals(userKey, u)
		}
	}
	return s.page(c, "layouts/problem", v)
}
