package handlers

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
)

// apiError is how the JSON API says what is wrong.
type apiError struct {
	Error    string             `json:"error"`
	Fields   map[string]string  `json:"fields,omitempty"`
	Findings []firmware.Finding `json:"findings,omitempty"`
}

// readable answers with JSON that a person can read in the log of a build: a line a
// value, and signs such as < as they are.
func readable(c *fiber.Ctx, status int, v any) error {
	var text bytes.Buffer
	to := json.NewEncoder(&text)
	to.SetEscapeHTML(false)
	to.SetIndent("", "  ")
	if err := to.Encode(v); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Status(status).Send(text.Bytes())
}

// readJSON reads a request's body, which must be one JSON object.
func readJSON(c *fiber.Ctx, into any) error {
	if err := json.Unmarshal(c.Request().Body(), into); err != nil {
		return &fiber.Error{Code: fiber.StatusBadRequest, Message: "body"}
	}
	return nil
}

// stamp is a time in the API's form: RFC 3339 in UTC, or null.
func stamp(t *time.Time) *string {
	if t == nil {
		return nil
	}
	s := t.UTC().Format(time.RFC3339)
	return &s
}

// orNull is null for the empty string.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func sizeInWords(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

// unprocessable makes an invalid fault of another kind, where the API says 422.
func unprocessable(err error) error {
	if f := fault.Of(err); f != nil && (f.Kind == fault.NotFound || f.Kind == fault.Conflict) {
		return &fault.Error{Kind: fault.Invalid, Message: f.Message, Fields: f.Fields}
	}
	return err
}
