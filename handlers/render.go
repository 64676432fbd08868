package handlers

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io"
	"math"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/template/html/v2"

	"esp-update-server/app/account"
	"esp-update-server/static"
	"esp-update-server/templates"
)

// page is what every whole page shows around its content.
type page struct {
	Title string
	User  *account.User // nil when nobody is signed in
	Path  string        // of the request, to mark where one is
	New   int64         // devices that wait for a decision
	Wait  int64         // users that wait for an admin
	Flash *flashView    // what was just done
	Live  string        // topics of the package live that its parts are fetched anew for, separated by spaces
	AsOf  int64         // the time as of which all of it is, in Unix milliseconds
}

// pageView is a view of a whole page; page is embedded in it.
type pageView interface{ frame() *page }

func (p *page) frame() *page { return p }

// isFragment reports whether htmx asks for a part of a page.
func isFragment(c *fiber.Ctx) bool {
	return c.Get("HX-Request") == "true" && c.Get("HX-History-Restore-Request") != "true"
}

// page renders a whole page.
func (s *server) page(c *fiber.Ctx, name string, v pageView) error {
	p := v.frame()
	p.User, p.Path, p.AsOf = userOf(c), string([]byte(c.Path())), c.Context().Time().UnixMilli()
	if c.Get("X-Live") == "" { // else an open page looks for what changed
		p.Flash = s.takeFlash(c)
	}
	if p.MaySee() {
		n, err := s.countNew(c.UserContext())
		if err != nil {
			s.Log.Error("new devices could not be counted", "err", err)
		}
		p.New = int64(n)
	}
	if p.MayChange() {
		var err error
		if _, p.Wait, err = s.Users.Count(c.UserContext()); err != nil {
			s.Log.Error("users could not be counted", "err", err)
		}
	}
	return s.render(c, name, v)
}

// MaySee reports whether the person is let in.
func (p *page) MaySee() bool { return p.User != nil && p.User.Role != account.Plain }

// MayChange reports whether the page shows what changes things.
func (p *page) MayChange() bool { return p.User != nil && p.User.Role == account.Admin }

// At reports whether the page belongs to the part of the site under a path.
func (p *page) At(path string) bool { return p.Path == path || strings.HasPrefix(p.Path, path+"/") }

// render renders one template, a page or a part of one. A form shows again what
// was sent, and that may be no UTF-8; a page always is. Fiber's own Render lists
// its apps anew in every request until one of them has: two first pages at once
// would write that list together.
func (s *server) render(c *fiber.Ctx, name string, view any) error {
	c.Vary("HX-Request")
	c.Response().ResetBody()
	if err := s.engine.Render(c.Response().BodyWriter(), name, view); err != nil {
		return err
	}
	if body := c.Response().Body(); !utf8.Valid(body) {
		c.Response().SetBody(bytes.ToValidUTF8(body, []byte("\uFFFD")))
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return nil
}

// newEngine loads all templates. Each file is one template, named by its path.
func newEngine(version string) (*html.Engine, error) {
	engine := html.NewFileSystem(http.FS(templates.FS), ".html")
	engine.AddFuncMap(map[string]any{
		"asset":   static.URL,
		"icon":    icon,
		"ago":     ago,
		"moment":  moment,
		"bytes":   sizeInWords,
		"number":  humanize.Comma,
		"version": func() string { return version },
		"join":    strings.Join,
	})
	if err := engine.Load(); err != nil {
		return nil, fmt.Errorf("loading the templates: %w", err)
	}
	return engine, escapeAll(engine.Templates)
}

// escapeAll makes every template ready to be executed by many requests at once:
// html/template rewrites each at its first execution, under the feet of others.
// That an execution without a view then fails is of no interest.
func escapeAll(all *template.Template) error {
	for _, t := range all.Templates() {
		var wrong *template.Error
		if err := t.Execute(io.Discard, nil); errors.As(err, &wrong) {
			return fmt.Errorf("the template %s: %w", t.Name(), wrong)
		}
	}
	return nil
}

// icon is an icon of the sprite, for the eye only.
func icon(name string) template.HTML {
	return template.HTML(`<svg class="icon" aria-hidden="true"><use href="` + // #nosec G203 -- name is escaped
		static.URL("vendor/lucide/icons.svg") + `#` + template.HTMLEscapeString(name) + `"></use></svg>`)
}

// ago is a time relative to now, with the exact one on hover. A nil time is a
// dash.
func ago(t *time.Time) template.HTML {
	if t == nil {
		return `<span class="none">–</span>`
	}
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`, // #nosec G203 -- times alone
		t.Format(time.RFC3339), t.Format("2 January 2006, 15:04:05 UTC"), relative(*t, time.Now())))
}

// relative is a time in the words of spans. One ahead is told to the nearest unit:
// what was just made for seven days would be good for six, as if it lost a day.
func relative(t, now time.Time) string {
	if ahead := t.Sub(now); ahead > 0 {
		if ahead > humanize.Day {
			ahead = ahead.Round(humanize.Day) // or 30 days, just begun, would be 4 weeks
		}
		for _, s := range spans {
			if nearest := ahead.Round(s.DivBy); max(ahead, nearest) < s.D {
				t = now.Add(nearest)
				break
			}
		}
	}
	return humanize.CustomRelTime(t, now, "ago", "from now", spans)
}

// spans are how long ago in few letters, for tables.
var spans = []humanize.RelTimeMagnitude{
	{D: time.Second, Format: "just now", DivBy: time.Second},
	{D: time.Minute, Format: "%d s %s", DivBy: time.Second},
	{D: time.Hour, Format: "%d min %s", DivBy: time.Minute},
	{D: humanize.Day, Format: "%d h %s", DivBy: time.Hour},
	{D: 2 * humanize.Day, Format: "1 day %s", DivBy: humanize.Day},
	{D: humanize.Week, Format: "%d days %s", DivBy: humanize.Day},
	{D: 2 * humanize.Week, Format: "1 week %s", DivBy: humanize.Week},
	{D: humanize.Month, Format: "%d weeks %s", DivBy: humanize.Week},
	{D: 2 * humanize.Month, Format: "1 month %s", DivBy: humanize.Month},
	{D: humanize.Year, Format: "%d months %s", DivBy: humanize.Month},
	{D: 2 * humanize.Year, Format: "1 year %s", DivBy: humanize.Year},
	{D: math.MaxInt64, Format: "%d years %s", DivBy: humanize.Year},
}

// moment is ago for a time that is always there.
func moment(t time.Time) template.HTML { return ago(&t) }
