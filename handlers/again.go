package handlers

import (
	"bytes"
	"hash/maphash"
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
	h = h*mix ^ maphash.Bytes(requestSeed, ctx.Request.Header.RawHeaders())
	return h*mix ^ maphash.Bytes(requestSeed, ctx.RemoteIP())
}

// macHeaders are where boards say their MAC, in the spelling that requests are
// parsed to.
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
