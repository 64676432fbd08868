package handlers_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
	"esp-update-server/db"
	"esp-update-server/handlers"
)

// patience is how long anything is waited for, on a machine however busy: it only
// ends what never comes.
const patience = 3 * time.Minute

// newApp is the whole server over a database, with small limits. Each change
// alters its configuration before it is wired.
func newApp(t testing.TB, d *db.DB, changes ...func(*handlers.Config)) *fiber.App {
	t.Helper()
	payloads, err := d.Payloads(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = payloads.Close() })
	c := handlers.Config{
		Platforms: d.Platforms, Devices: d.Devices, Releases: d.Releases, Drafts: d.Drafts, History: d.History,
		Users: d.Users, Sessions: d.Sessions, Tokens: d.Tokens, Links: d.Links,
		Factors: d.Factors, Throttles: stillThrottles{d.Throttles, time.Now()}, Backups: d.Backups, Activity: d.Activity, Pins: d.Pins,
		Payloads: payloads, IsAway: db.IsAway,
		Publisher:  &release.Publisher{Store: d.Releases, MaxSize: 4 << 20, Keep: 10},
		SignupOpen: true, MaxWaiting: 100, MaxFirmware: 4 << 20, MaxNewDevices: 1000, ImageCache: 8 << 20,
		Patience: 20, // a slow machine takes long for everything
		Version:  "test", Log: slog.New(slog.DiscardHandler),
	}
	for _, change := range changes {
		change(&c)
	}
	inMemory(t, d, &c)
	app, err := handlers.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return app
}

// stillThrottles lets no time pass between tries: how much does is for the
// machine to say, and pauses would end when it is slow.
type stillThrottles struct {
	*db.Throttles
	at time.Time
}

// Take is that of the database at the time that stands still.
func (s stillThrottles) Take(ctx context.Context, t account.Try, _ time.Time) (time.Duration, error) {
	return s.Throttles.Take(ctx, t, s.at)
}

// inMemory loads what the device route answers from, and lets what it hears be
// written until the test ends.
func inMemory(t testing.TB, d *db.DB, c *handlers.Config) {
	t.Helper()
	loading := c.Index != nil // by a test that wants to see it
	if !loading {
		c.Index = ota.NewIndex(d.Index)
		if err := c.Index.Refresh(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	c.Writer = fleet.NewWriter(c.Index.Heard, d.Devices, c.Log)
	ctx, stop := context.WithCancel(context.Background())
	var kept sync.WaitGroup
	wait := func(ctx context.Context) bool { <-ctx.Done(); return true }
	if c.Announce != nil { // there are other processes to hear of
		l := c.Hub.Listen()
		t.Cleanup(l.Close)
		wait = func(ctx context.Context) bool { l.Wait(ctx); l.Take(); return true }
	}
	if !loading {
		kept.Go(func() { c.Index.Keep(ctx, wait, c.Log) })
	}
	t.Cleanup(func() {
		stop()
		kept.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		c.Writer.Close(ctx)
	})
}

// password is that of every user made by signedIn.
const password = "correct horse battery"

// passwordHash is made once: it takes long on purpose, and few may hash at once.
var passwordHash = sync.OnceValues(func() (string, error) { return account.HashPassword(context.Background(), password) })

// signedIn makes a user, named after the role, and gives the cookie of a
// session of theirs.
func signedIn(t testing.TB, d *db.DB, role account.Role) (cookie string) {
	t.Helper()
	ctx := context.Background()
	hash, err := passwordHash()
	if err != nil {
		t.Fatal(err)
	}
	u := &account.User{ID: account.NewID(), Email: string(role) + "@example.com", PasswordHash: hash, Role: role}
	if err := d.Users.Create(ctx, u); err != nil {
		t.Fatal(err)
	}
	id := account.NewSecret()
	if err := d.Sessions.Create(ctx, account.HashSecret(id), u.ID, "test", "192.0.2.1", true); err != nil {
		t.Fatal(err)
	}
	return "session=" + id
}

// request is what a test sends.
type request struct {
	method string // GET when empty
	path   string
	as     string     // a cookie, such as signedIn gives
	form   url.Values // sent as a form's body
	htmx   bool       // asks for a part of a page
	header map[string]string
	body   io.Reader
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	doc    *goquery.Document
}

// ask sends a request through the router and reads the whole answer.
func ask(t testing.TB, app *fiber.App, r request) *answer {
	t.Helper()
	if r.method == "" {
		r.method = http.MethodGet
	}
	if r.form != nil {
		r.body = strings.NewReader(r.form.Encode())
	}
	req := httptest.NewRequest(r.method, r.path, r.body)
	if r.form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if r.as != "" {
		req.Header.Set("Cookie", r.as)
	}
	if r.htmx {
		req.Header.Set("HX-Request", "true")
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	if host := r.header["Host"]; host != "" {
		req.Host = host
	}
	resp, err := app.Test(req, -1)
	if err != nil {
		t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	return &answer{status: resp.StatusCode, header: resp.Header, body: string(data), doc: document(t, string(data))}
}

// document parses HTML as htmx does: rows may stand alone.
func document(t testing.TB, body string) *goquery.Document {
	t.Helper()
	if trimmed := strings.TrimSpace(body); strings.HasPrefix(trimmed, "<tr") || strings.HasPrefix(trimmed, "<tbody") {
		body = "<table>" + body + "</table>"
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// text is what is read at a selector, with single spaces; it fails when there
// is nothing.
func (a *answer) text(t testing.TB, selector string) string {
	t.Helper()
	found := a.doc.Find(selector)
	if found.Length() == 0 {
		t.Fatalf("no %s in the answer (%d):\n%s", selector, a.status, a.body)
	}
	return strings.Join(strings.Fields(found.Text()), " ")
}

// has reports whether anything is at a selector.
func (a *answer) has(selector string) bool { return a.doc.Find(selector).Length() > 0 }

// wants fails the test unless the answer has it.
func (a *answer) wants(t testing.TB, status int) *answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d:\n%s", a.status, status, a.body)
	}
	return a
}
