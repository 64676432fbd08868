package handlers_test

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// reflecting are the pages that show something of their address.
var reflecting = []string{
	"/devices?q=", "/devices?platform=", "/devices?state=", "/devices?sort=", "/devices?after=", "/devices?key=", "/devices?before=",
	"/new-devices?q=", "/devices/new?mac=", "/devices/new?platform=", "/devices/import?platform=", "/platforms/new?name=",
	"/platforms/smart-lamp?q=", "/platforms/smart-lamp/release/edit?version=", "/activity?q=",
	"/session/code/new?to=", "/setup?token=", "/password?token=", "/selection?mac=", "/selection?platform=",
	"/devices/", "/platforms/", "/users/", "/uploads/", "/there/is/",
}

// TestHostileStringsLeaveTextValid holds that whatever was sent, pages, JSON and
// CSV are what they say, on both engines.
func TestHostileStringsLeaveTextValid(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		hostileWorld(t, d)
		knows(t, d, len(hostiles))
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		for _, path := range append(crawl(b, "/"), "/devices/export", "/devices/export?state=new") {
			if a := b.get(path, 200); strings.HasPrefix(a.header.Get("Content-Type"), "text/") {
				staysText(t, path, a)
			}
		}
		api := &script{t, b.app, token(t, d, account.Admin, account.Write)}
		for _, path := range []string{"/api/v1/devices?limit=500", "/api/v1/devices?state=new&limit=500", "/api/v1/platforms", "/api/v1/platforms/platform-0/releases"} {
			a := ask(t, b.app, request{path: path, header: map[string]string{"Authorization": "Bearer " + api.token}}).wants(t, 200)
			if !json.Valid([]byte(a.body)) {
				t.Errorf("%s is no JSON", path)
			}
			staysText(t, path, a)
		}
		for _, path := range reflecting {
			for _, name := range hostileNames() {
				a := ask(t, b.app, request{path: path + url.QueryEscape(hostiles[name]), as: b.as})
				staysText(t, path+" with "+name, a)
			}
		}
	})
}

// staysText fails the test for an answer that is no text, or where a string
// became an element.
func staysText(t *testing.T, where string, a *answer) {
	t.Helper()
	isPage := strings.HasPrefix(a.header.Get("Content-Type"), "text/html")
	if a.status >= 500 || !utf8.ValidString(a.body) || strings.Contains(a.body, "\x00") || isPage && a.has("hostile-tag") {
		t.Errorf("%s: %d %.300q", where, a.status, a.body)
	}
}

// hostileStringsStayText looks at every page that shows what a board or a
// visitor sent.
func hostileStringsStayText(t *testing.T, browser context.Context) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	b := openTab(t, browser, "http://"+hostileWorld(t, d))
	b.signsInBy(sessionOf(t, d, "admin@example.com"))
	admin, together := &browserOf{tab: b}, hostiles["script"]+hostiles["image"]+hostiles["attribute"]+hostiles["directions"]
	admin.walk("/")
	for _, path := range reflecting {
		admin.look(path + url.QueryEscape(together))
		admin.look(path + url.QueryEscape(hostiles["4 KB"]))
	}
	for path, form := range hostileForms {
		admin.sendForm(path, form, together)
		admin.sendForm(path, form, hostiles["4 KB"])
	}
	b.quiet()
	if dialogs, _ := b.heard(); dialogs > 0 {
		t.Errorf("%d dialogs opened", dialogs)
	}
	if len(admin.shapes) < 12 {
		t.Errorf("only these pages were seen: %v", admin.shapes)
	}
}

// hostileForms are the forms that show again what was sent, by their page.
var hostileForms = map[string]string{
	"/platforms/new":             "#platform-form",
	"/devices/new":               "form[action='/devices']",
	"/devices/import":            "form[action^='/devices/import']",
	"/devices":                   "form[role=search]",
	"/account":                   "form[action^='/account/tokens']",
	"/account?":                  "form[action='/account?_method=PUT']",
	"/users":                     "form[action^='/users/invites']",
	"/devices/b0ad00000000/edit": "form[action^='/devices/b0ad00000000']",
}

// browserOf walks a tab over pages, a few of each shape.
type browserOf struct {
	*tab
	shapes map[string]int
}

// shape is a path without what is different in each of its kind.
var shapeless = regexp.MustCompile(`[0-9a-f]{12,}|platform-\d+|=[^&]*`)

// walk follows the links from a page.
func (b *browserOf) walk(start string) {
	b.t.Helper()
	b.shapes = map[string]int{}
	seen, queue := []string{}, []string{start}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		shape := shapeless.ReplaceAllString(path, "…")
		if slices.Contains(seen, path) || b.shapes[shape] >= enough(shape) {
			continue
		}
		seen = append(seen, path)
		b.shapes[shape]++
		b.look(path)
		queue = append(queue, strings.Fields(b.eval(`[...document.querySelectorAll("a[href^='/']:not([rel=nofollow], [download])")].map(a => a.getAttribute('href')).filter(h => !/export|firmware|backup/.test(h)).join(' ')`))...)
	}
}

// enough is how many pages of a shape are looked at: of devices one with each
// string.
func enough(shape string) int {
	switch {
	case shape == "/devices/…":
		return 2 * len(hostiles)
	case strings.Contains(shape, "?"):
		return 1
	}
	return 4
}

// look visits a page and fails the test for what came alive on it.
func (b *browserOf) look(path string) {
	b.t.Helper()
	b.visit(path)
	b.sound(path)
}

// sound fails the test for what is alive on the page, for text without bound,
// and for a page wider than its window.
func (b *browserOf) sound(where string) {
	b.t.Helper()
	where = kept(where, 100)
	for _, width := range []int64{1280, 360} {
		b.resize(width)
		if got := b.eval(wide); got != "" {
			b.t.Errorf("%s is too wide for %d pixels: %s", where, width, got)
		}
	}
	if got := b.eval(alive); got != "" {
		b.t.Errorf("on %s: %s", where, got)
	}
}

// alive tells what on a page should not be there.
const alive = `[
	window.hostile === undefined ? '' : 'a script ran',
	...[...document.querySelectorAll("hostile-tag, script:not([src]), svg[onload], img:not([src^='data:'], [src^='/static/']), iframe, object, embed, base")].map(e => e.outerHTML.slice(0, 200)),
	...[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^(on|hx-on|data-hx)/.test(a.name) || /^\s*javascript:/i.test(a.value) && /^(href|src|action|formaction)$/.test(a.name))).map(e => e.outerHTML.slice(0, 200)),
	...[...document.querySelectorAll('body *:not(textarea, script)')].flatMap(e => [...e.childNodes]).filter(n => n.nodeType == 3 && n.data.length > 2100).map(n => 'a text of ' + n.data.length + ' characters: ' + n.data.slice(0, 60)),
	document.title.length > 300 ? 'a title of ' + document.title.length + ' characters' : '',
].filter(Boolean).join('\n')`

// wide names elements that reach beyond the window, if the page scrolls sideways.
const wide = `document.documentElement.scrollWidth <= innerWidth ? '' : 'by ' + (document.documentElement.scrollWidth - innerWidth) + ': ' +
	[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(-3).map(e => e.outerHTML.slice(0, 150)).join(' | ')`

// sendForm writes a string into all fields of a form and sends it past the
// browser's own checks.
func (b *browserOf) sendForm(path, form, text string) {
	b.t.Helper()
	b.visit(path)
	b.wait("document.querySelector(" + quoted(form) + ")")
	b.eval(`(form => {
		window.before = true
		form.querySelectorAll('input:not([type=hidden], [type=checkbox], [type=radio], [type=file]), textarea').forEach(field => {
			if (field.type != 'textarea') field.type = 'text'
			field.value = ` + quoted(text) + `
		})
		HTMLFormElement.prototype.submit.call(form)
	})(document.querySelector(` + quoted(form) + `))`)
	b.wait("!window.before && document.readyState == 'complete'")
	b.sound("the answer to " + form + " on " + path)
}

// quoted is a string as JavaScript writes it.
func quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}
