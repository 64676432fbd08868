package handlers_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// standing is how a rule meets somebody.
type standing int

const (
	welcome  standing = iota // the handler decides
	stranger                 // is asked who they are
	refused                  // is known, and may not
)

// identities are all who can ask.
var identities = []string{
	"anonymous", "user", "viewer", "admin", "signed-out admin",
	"read token", "write token", "read token of a viewer", "write token of a viewer", "write token of a user", "made-up token",
}

// meant says how each rule meets those that it does not meet as strangers.
var meant = map[string]map[string]standing{
	"nobody":   all(welcome),
	"anyone":   all(welcome),
	"signedIn": {"user": welcome, "viewer": welcome, "admin": welcome},
	"viewing":  {"user": refused, "viewer": welcome, "admin": welcome},
	"changing": {"user": refused, "viewer": refused, "admin": welcome},
	"reading": {
		"read token": welcome, "write token": welcome, "read token of a viewer": welcome, "write token of a viewer": welcome,
		"write token of a user": refused,
	},
	"writing": {
		"read token": refused, "write token": welcome, "read token of a viewer": refused, "write token of a viewer": refused,
		"write token of a user": refused,
	},
}

func all(s standing) map[string]standing {
	m := map[string]standing{}
	for _, who := range identities {
		m[who] = s
	}
	return m
}

func meeting(rule, who string) standing {
	if s, ok := meant[rule][who]; ok {
		return s
	}
	return stranger
}

// doors is a server with somebody of each identity before it.
type doors struct {
	t       *testing.T
	d       *db.DB
	base    string
	client  *http.Client
	tokens  map[string]string
	refused int // answers of 403, to know that there were any
}

func newDoors(t *testing.T, d *db.DB) *doors {
	t.Helper()
	fillFleet(t, d)
	signedIn(t, d, account.Plain)
	signedIn(t, d, account.Viewer)
	w := &doors{t: t, d: d, base: "http://" + serve(t, d), tokens: map[string]string{
		"read token": token(t, d, account.Admin, account.Read), "write token": token(t, d, account.Admin, account.Write),
		"read token of a viewer": token(t, d, account.Viewer, account.Read), "write token of a viewer": token(t, d, account.Viewer, account.Write),
		"write token of a user": token(t, d, account.Plain, account.Write), "made-up token": account.TokenPrefix + account.NewSecret(),
	}}
	w.client = &http.Client{
		Timeout:       time.Minute,
		Transport:     &http.Transport{DisableKeepAlives: true}, // a stream is left before its end
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return w
}

// credentials are the headers of who asks. Sessions are new each time, since
// some routes end them.
func (w *doors) credentials(who string) map[string]string {
	w.t.Helper()
	switch who {
	case "user", "viewer", "admin":
		return map[string]string{"Cookie": sessionOf(w.t, w.d, who+"@example.com")}
	case "signed-out admin":
		cookie := sessionOf(w.t, w.d, "admin@example.com")
		if err := w.d.Sessions.Delete(context.Background(), account.HashSecret(strings.TrimPrefix(cookie, "session="))); err != nil {
			w.t.Fatal(err)
		}
		return map[string]string{"Cookie": cookie}
	case "anonymous":
		return nil
	}
	return map[string]string{"Authorization": "Bearer " + w.tokens[who]}
}

// ask sends a request without a body and gives the status and headers of the
// answer.
func (w *doors) ask(method, path string, headers ...map[string]string) *http.Response {
	w.t.Helper()
	r, err := http.NewRequest(method, w.base+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, h := range headers {
		for name, value := range h {
			r.Header.Set(name, value)
		}
	}
	a, err := w.client.Do(r)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	_ = a.Body.Close()
	return a
}

// parameter is a part of a path that stands for many.
var parameter = regexp.MustCompile(`:\w+|[+*]`)

// concrete is a path as a request has it: of what exists where that is known.
func concrete(pattern string) string {
	if pattern == "/_catalog" {
		return pattern + "?op=list&path=."
	}
	known := map[string]string{":platform": "smart-lamp", ":mac": "a4cf12b3c401", ":version": "v1.0.2", "+": "css/app.css"}
	return parameter.ReplaceAllStringFunc(pattern, func(p string) string {
		if value := known[p]; value != "" {
			return value
		}
		return "abcdef0123456789"
	})
}

var (
	asPart = map[string]string{"HX-Request": "true"}
	safe   = []string{"GET", "HEAD", "OPTIONS"}
)

// TestEveryRouteKeepsItsRule walks the router: each route has a rule in the
// table, each rule says how it meets each identity, and the route does so,
// whether a page, a part of one, or a plain form asks.
func TestEveryRouteKeepsItsRule(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	w, tried := newDoors(t, d), map[string]int{}
	for _, route := range newApp(t, d).GetRoutes(true) {
		rule := ruleOf(t, route.Method, route.Path)
		tried[rule]++
		for _, who := range identities {
			w.keeps(route, rule, who)
		}
	}
	for rule := range meant {
		if tried[rule] == 0 {
			t.Errorf("no route has the rule %q", rule)
		}
	}
	if w.refused == 0 {
		t.Error("nobody was refused anything")
	}
}

// ruleOf is the rule of a registered route. HEAD goes by that of GET.
func ruleOf(t *testing.T, method, path string) string {
	t.Helper()
	if method == http.MethodHead {
		method = http.MethodGet
	}
	i := slices.IndexFunc(handlers.Rules(), func(r handlers.Rule) bool { return r.Method == method && r.Path == path })
	if i < 0 {
		t.Fatalf("%s %s has no line in the table of routes", method, path)
	}
	rule := handlers.Rules()[i].Access
	if meant[rule] == nil {
		t.Fatalf("%s %s: nothing is known of its rule %q", method, path, rule)
	}
	return rule
}

// keeps asks in each of the ways in which a route can be asked.
func (w *doors) keeps(route fiber.Route, rule, who string) {
	w.t.Helper()
	path := concrete(route.Path)
	w.meets(route.Method, path, rule, who, nil)
	w.meets(route.Method, path, rule, who, asPart)
	if !slices.Contains(append(safe, "POST"), route.Method) {
		w.meets("POST", path+"?_method="+route.Method, rule, who, nil)
	}
	if meeting(rule, who) != welcome {
		w.meets(route.Method, strings.TrimSuffix(path, "/")+"/", rule, who, nil)
		w.meets(route.Method, strings.ToUpper(path), rule, who, nil)
	}
}

func (w *doors) meets(method, path, rule, who string, extra map[string]string) {
	w.t.Helper()
	a := w.ask(method, path, w.credentials(who), extra)
	signIn := strings.HasPrefix(a.Header.Get("Location")+a.Header.Get("HX-Redirect"), "/session/new")
	right := false
	switch meeting(rule, who) {
	case welcome:
		right = a.StatusCode != 401 && a.StatusCode != 403 && a.StatusCode != 405 && a.StatusCode < 500
	case refused:
		right = a.StatusCode == 403
		w.refused++
	case stranger:
		forTokens := rule == "reading" || rule == "writing"
		right = a.StatusCode == 401 && signIn != forTokens || a.StatusCode == 303 && signIn && extra == nil && !forTokens
	}
	if !right {
		w.t.Errorf("%s %s (%v), which is for %s: the %s got %d, sent on to %q", method, path, extra, rule, who, a.StatusCode, a.Header.Get("Location"))
	}
}

// TestNoRouteHidesAnother holds that a route's own path leads to it: of two that
// match the first is taken, and its rule with it.
func TestNoRouteHidesAnother(t *testing.T) {
	t.Parallel()
	rules := handlers.Rules()
	for i, r := range rules {
		path := concrete(r.Path)
		for _, earlier := range rules[:i] {
			if earlier.Method == r.Method && fiber.RoutePatternMatch(path, earlier.Path) {
				t.Errorf("%s %s is never reached: %s comes before it", r.Method, r.Path, earlier.Path)
			}
		}
	}
}

// TestOtherSitesChangeNothing sends each request that changes something as a
// browser does for another site, with the cookie of an admin.
func TestOtherSitesChangeNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	w := newDoors(t, d)
	admin := w.credentials("admin")
	for _, r := range handlers.Rules() {
		if slices.Contains(safe, r.Method) || r.Access == "nobody" {
			continue
		}
		path := concrete(r.Path)
		for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			for _, a := range []*http.Response{
				w.ask(r.Method, path, admin, map[string]string{name: value}),
				w.ask("POST", path+"?_method="+r.Method, admin, map[string]string{name: value}, asPart),
			} {
				if a.StatusCode != 403 || a.Header.Get("Set-Cookie") != "" {
					t.Errorf("%s %s with %s: %s got %d", r.Method, path, name, value, a.StatusCode)
				}
			}
		}
	}
	if a := w.ask("GET", "/platforms/smart-lamp", admin); a.StatusCode != 200 {
		t.Errorf("afterwards the admin gets %d", a.StatusCode)
	}
	if a := w.ask("POST", "/platforms?"+url.Values{"name": {"x"}}.Encode(), admin, map[string]string{"Sec-Fetch-Site": "same-origin"}); a.StatusCode == 403 {
		t.Error("a request of this site is refused too, so nothing is proved")
	}
}
