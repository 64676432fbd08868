package handlers

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
)

// fuzzServer is as much of a server as the parsers ask for.
func fuzzServer() (*server, *fiber.App) {
	s := &server{Config: Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}}
	return s, fiber.New()
}

// FuzzCheckIn reads any query and any header as the device route does: what it
// understood is bounded text, and each decision on it a short sentence.
func FuzzCheckIn(f *testing.F) {
	s, app := fuzzServer()
	f.Add("dev=smart-lamp&ver=v1.0.2+b5&mac=18:FE:34:AA:BB:CC", "x-ESP8266-STA-MAC", "18:FE:34:AA:BB:CC")
	f.Add("ver=%zz;dev=\xff\xfe&&=&dev", "x-ESP32-STA-MAC", "\x00<script>")
	f.Add("dev=SMART_LAMP&ver=dev", "X-Forwarded-For", "1.2.3.4, ::ffff:9.9.9.9%eth0,")
	f.Fuzz(func(t *testing.T, query, name, value string) {
		ctx := new(fasthttp.RequestCtx)
		ctx.Request.SetRequestURI("/update")
		ctx.Request.URI().SetQueryString(query)
		ctx.Request.Header.Set(name, value)
		c := app.AcquireCtx(ctx)
		defer app.ReleaseCtx(c)
		in := s.checkIn(c)
		for _, text := range []string{in.Report.UserAgent, in.Report.Mode, in.Report.SketchMD5, in.Report.SDKVersion, in.Report.ClientVersion, in.Report.APMAC} {
			if len(text) > fleet.MaxReported*3 || !utf8.ValidString(text) || strings.Contains(text, "\x00") {
				t.Errorf("read %q", text)
			}
		}
		if mac, err := fleet.ParseMAC(string(in.MAC)); in.MAC != "" && (err != nil || mac != in.MAC) {
			t.Errorf("the MAC %q", in.MAC)
		}
		if ip, err := netip.ParseAddr(in.IP); err != nil || ip.Zone() != "" {
			t.Errorf("the address %q", in.IP)
		}
		d := ota.Decide(in, nil, nil, nil)
		if len(d.Sentence) > 1000 || !utf8.ValidString(d.Sentence) || strings.ContainsAny(d.Sentence, "\r\n\x00") {
			t.Errorf("the sentence %q", d.Sentence)
		}
	})
}

// FuzzRawParam looks for a parameter in any query: what is found was sent.
func FuzzRawParam(f *testing.F) {
	f.Add("dev=smart-lamp&ver=v1+b5", "ver")
	f.Add("&&dev=%41%zz&dev=2", "dev")
	f.Fuzz(func(t *testing.T, query, name string) {
		if v := rawParam(query, name); len(v) > len(query) {
			t.Errorf("%q in %q is %q", name, query, v)
		}
	})
}

// FuzzRange reads any Range header for a body of any size: a part lies in it.
func FuzzRange(f *testing.F) {
	f.Add("bytes=0-99", 1000)
	f.Add("bytes=-5", 3)
	f.Add("bytes=99999999999999999999-", 10)
	f.Fuzz(func(t *testing.T, header string, size int) {
		if size = max(size, 0); size == 0 {
			return
		}
		part, whole, ok := parseRange(header, size)
		if ok && (part.start < 0 || part.length < 1 || part.start > size-part.length || whole && part.length != size) {
			t.Errorf("%q of %d is %+v, %v", header, size, part, whole)
		}
	})
}

// FuzzLoginForm reads any body of any type as the sign-in form: it is read or
// refused, and leads to no other site.
func FuzzLoginForm(f *testing.F) {
	_, app := fuzzServer()
	f.Add("application/x-www-form-urlencoded", "email=a%40example.com&password=x&remember=on&to=%2Fdevices")
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na@example.com\r\n--b--\r\n")
	f.Add("application/x-www-form-urlencoded", "to=/%5Cevil.example&to=//evil&&=&%")
	f.Fuzz(func(t *testing.T, kind, body string) {
		ctx := new(fasthttp.RequestCtx)
		ctx.Request.Header.SetMethod(fiber.MethodPost)
		ctx.Request.Header.SetContentType(kind)
		ctx.Request.SetBodyString(body)
		c := app.AcquireCtx(ctx)
		defer app.ReleaseCtx(c)
		for _, field := range []string{"email", "password", "remember", "to"} {
			if v := c.FormValue(field); len(v) > len(body) {
				t.Errorf("%s is %q", field, v)
			}
		}
		to := localPath(c.FormValue("to"))
		if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
			t.Errorf("leads to %q", to)
		}
		ctx.Request.Header.SetContentType("application/json")
		var into struct{ Name, Notes *string }
		if err := json.Unmarshal(c.Body(), &into); err == nil && into.Name != nil && !utf8.ValidString(*into.Name) {
			t.Errorf("the name %q", *into.Name)
		}
	})
}
