package handlers

import (
	"bytes"
	"errors"
	"net"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// overrides are the methods that a form, which can only POST, may name.
var overrides = []string{"PUT", "PATCH", "DELETE"}

// rewrite puts a step before routing, where the path and the method can still
// be set: Fiber takes //update and /./update for other paths than /update, and
// a plain form says its method in the query.
func (s *server) rewrite() {
	server := s.app.Server()
	inner := server.Handler
	server.NoDefaultServerHeader = true
	server.HeaderReceived = s.requestLimits
	server.ErrorHandler = unreadable
	server.Handler = func(ctx *fasthttp.RequestCtx) {
		// As sent: without a Host header //update would be parsed as a host.
		path, query, _ := bytes.Cut(ctx.Request.Header.RequestURI(), []byte("?"))
		if isUpdatePath(path) || isUpdatePath(ctx.Path()) {
			if s.again(ctx) {
				return
			}
			ctx.Request.SetRequestURIBytes(append([]byte("/update?"), query...))
		}
		if ctx.IsPost() {
			if m := string(ctx.QueryArgs().Peek("_method")); m != "" && slices.Contains(overrides, m) {
				ctx.Request.Header.SetMethod(m)
			}
		}
		inner(ctx)
	}
}

// isUpdatePath reports whether a path means the device route, however many
// slashes it has.
func isUpdatePath(path []byte) bool {
	return bytes.Equal(bytes.Trim(path, "/"), []byte("update"))
}

// requestLimits gives uploads more time than other requests.
func (s *server) requestLimits(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if h.IsPost() && isUploadPath(h.RequestURI()) {
		return fasthttp.RequestConfig{ReadTimeout: uploadTimeout}
	}
	return fasthttp.RequestConfig{}
}

func isUploadPath(uri []byte) bool {
	path, _, _ := bytes.Cut(uri, []byte("?"))
	path = bytes.TrimRight(path, "/")
	return bytes.Equal(path, []byte("/uploads")) || bytes.Equal(path, []byte("/api/v1/firmware"))
}

// unreadable answers what could not be parsed as a request, so that neither its
// path nor its client is known. A board that sends a raw space ends here. The
// default would send the bytes back.
func unreadable(ctx *fasthttp.RequestCtx, err error) {
	status := fiber.StatusBadRequest
	var small *fasthttp.ErrSmallBuffer
	var network net.Error
	switch {
	case errors.As(err, &small):
		status = fiber.StatusRequestHeaderFieldsTooLarge
	case errors.As(err, &network) && network.Timeout():
		status = fiber.StatusRequestTimeout
	}
	ctx.SetConnectionClose()
	ctx.SetContentType(fiber.MIMETextPlainCharsetUTF8)
	ctx.SetStatusCode(status)
	ctx.SetBodyString("Error: " + sentences[status] + "\n")
}
