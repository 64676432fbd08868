package handlers

import (
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// span is a part of an image, in bytes.
type span struct{ start, length int }

// askedRange is the part of a body of size bytes that a request asks for. Ranges
// are not defined for HEAD (RFC 9110, 14.2); a client that kept the header of the
// download before it asks for the size of the whole. There are no validators
// that If-Range could name.
func askedRange(c *fiber.Ctx, size int) (part span, whole, ok bool) {
	if c.Method() == fiber.MethodHead || c.Get(fiber.HeaderIfRange) != "" {
		return span{0, size}, true, true
	}
	return parseRange(c.Get(fiber.HeaderRange), size)
}

// parseRange reads a Range header for a body of size bytes (RFC 9110, 14.2).
// What is not one range of bytes is to be ignored: then whole is true. A range
// that lies outside of the body cannot be satisfied: then ok is false.
func parseRange(header string, size int) (part span, whole, ok bool) {
	all := span{0, size}
	unit, set, found := strings.Cut(strings.TrimSpace(header), "=")
	if !found || !strings.EqualFold(unit, "bytes") || strings.Contains(set, ",") {
		return all, true, true
	}
	from, to, found := strings.Cut(strings.TrimSpace(set), "-")
	if !found || !digits(from) || !digits(to) || from+to == "" {
		return all, true, true
	}
	if from == "" {
		n := min(number(to), size)
		return span{size - n, n}, false, n > 0
	}
	start, end := number(from), size-1
	if to != "" {
		if number(to) < start {
			return all, true, true
		}
		end = min(number(to), end)
	}
	return span{start, end - start + 1}, false, start < size
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// number reads digits; what is too large for an int lies behind every image.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 1<<31 - 1
	}
	return n
}
