package handlers

import (
	"bytes"
	"hash/maphash"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"esp-update-server/app/fleet"
)

// Most check-ins say what the one before said, and there is still no update.
// Such a request is told by its hash, before anything of it is parsed, and is
// answered without a copy of anything.

// requestSeed makes the hashes of requests: nobody outside can make two that
// are alike.
var requestSeed = maphash.MakeSeed()

// requestHash is a hash of all that the answer to a board, and what is kept of
// it, can depend on.
func requestHash(ctx *fasthttp.RequestCtx) uint64 {
	const mix = 0x9E3779B97F4A7C15
	_, query, _ := bytes.Cut(ctx.Request.Header.RequestURI(), []byte("?"))
	h := maphash.Bytes(requestSeed, query)
	h = h*mix ^ maphash.Bytes(requestSeed, ctx.RemoteIP())
	for rest := ctx.Request.Header.RawHeaders(); len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if matters(line) {
			h = h*mix ^ maphash.Bytes(requestSeed, line)
		}
	}
	return h
}

// telling begin the headers by which a board is answered, or of which something
// is kept. Others are left out, since proxies add some that no two requests have
// alike.
var telling = []string{"x-esp", "x_esp", "user-agent:", "authorization:", "x-forwarded-for:", "content-length:", "range:", "if-range:"}

// matters reports whether a line of a request's head is one of those headers, or
// goes on with the one before it.
func matters(line []byte) bool {
	for _, begin := range telling {
		if len(line) >= len(begin) && strings.EqualFold(string(line[:len(begin)]), begin) {
			return true
		}
	}
	return len(line) > 0 && (line[0] == ' ' || line[0] == '\t')
}

// macHeaders are where boards say their MAC, those of the ESP8266 first, in the
// spelling that requests are parsed to.
var macHeaders = []string{"X-Esp8266-Sta-Mac", "X-Esp32-Sta-Mac", "X-Esp32-Base-Mac"}

// again answers a board that asks what it asked before, when there is still no
// update for it, and reports whether it did.
func (s *server) again(ctx *fasthttp.RequestCtx) bool {
	h := &ctx.Request.Header
	if s.verbose || !h.IsGet() && !h.IsHead() || ctx.Request.IsBodyStream() {
		return false
	}
	var mac uint64
	for _, name := range macHeaders {
		if sent := h.Peek(name); len(sent) > 0 {
			mac, _ = fleet.PackMAC(sent)
			break
		}
	}
	now := time.Now()
	if !s.Index.Heard.Again(mac, requestHash(ctx), s.Index.Catalog(), now) {
		return false
	}
	s.noteAgain(ctx)
	s.CheckIns.Add(now)
	s.metrics.noUpdates.Inc()
	ctx.SetStatusCode(fiber.StatusNotModified)
	return true
}
