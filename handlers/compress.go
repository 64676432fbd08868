package handlers

import (
	"bytes"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// How hard is tried: pages are compressed at each request, assets once.
const (
	pageEffort  = 4
	assetEffort = 9
	worthwhile  = 1 << 10 // bytes; less fits into one packet anyway
)

// encodingFor is the best encoding that a client takes: "br", "gzip" or "". One
// that refuses an encoding with q=0 is taken at its word.
func encodingFor(c *fiber.Ctx) string {
	accepted := string(c.Request().Header.Peek(fiber.HeaderAcceptEncoding))
	for _, encoding := range []string{"br", "gzip"} {
		for one := range strings.SplitSeq(accepted, ",") {
			name, params, _ := strings.Cut(strings.TrimSpace(one), ";")
			if name == encoding && strings.ReplaceAll(params, " ", "") != "q=0" {
				return encoding
			}
		}
	}
	return ""
}

func encode(encoding string, data []byte, effort int) []byte {
	if encoding == "br" {
		return fasthttp.AppendBrotliBytesLevel(nil, data, effort)
	}
	return fasthttp.AppendGzipBytesLevel(nil, data, effort)
}

// compress makes pages smaller on the wire. What boards get and what streams is
// left as it is: it would break both.
func (s *server) compress(c *fiber.Ctx) error {
	if err := c.Next(); err != nil {
		return err
	}
	r := c.Response()
	isPage := bytes.HasPrefix(r.Header.ContentType(), []byte(fiber.MIMETextHTML))
	if !isPage || r.IsBodyStream() || len(r.Body()) < worthwhile {
		return nil
	}
	c.Vary(fiber.HeaderAcceptEncoding)
	if encoding := encodingFor(c); encoding != "" {
		r.SetBodyRaw(encode(encoding, r.Body(), pageEffort))
		r.Header.Set(fiber.HeaderContentEncoding, encoding)
	}
	return nil
}

// compressedAssets keeps assets as they were compressed for their first reader.
type compressedAssets struct{ kept sync.Map }

// get is a file in an encoding; the file itself where that saves nothing. Only
// names that exist come here, so what is kept is bounded.
func (a *compressedAssets) get(encoding, name string, data []byte) (body []byte, encoded bool) {
	key := encoding + " " + name
	kept, ok := a.kept.Load(key)
	if !ok {
		kept, _ = a.kept.LoadOrStore(key, encode(encoding, data, assetEffort))
	}
	if small := kept.([]byte); len(small) < len(data) {
		return small, true
	}
	return data, false
}
