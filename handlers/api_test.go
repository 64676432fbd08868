package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// token makes a user of a role with a token, and gives the token.
func token(t testing.TB, d *db.DB, role account.Role, scope account.Scope) string {
	t.Helper()
	ctx := context.Background()
	u := &account.User{ID: account.NewID(), Email: account.NewID() + "@example.com", Role: role}
	if err := d.Users.Create(ctx, u); err != nil {
		t.Fatal(err)
	}
	secret := account.TokenPrefix + account.NewSecret()
	if err := d.Tokens.Create(ctx, account.HashSecret(secret), u.ID, "test", scope, nil); err != nil {
		t.Fatal(err)
	}
	return secret
}

// script is a client of the API.
type script struct {
	t     *testing.T
	app   *fiber.App
	token string
}

func newScript(t *testing.T, d *db.DB) *script {
	return &script{t, newApp(t, d), token(t, d, account.Admin, account.Write)}
}

// call sends JSON and reads JSON; it fails unless the status is the wanted one.
func (s *script) call(method, path, body string, want int) map[string]any {
	s.t.Helper()
	return s.send(method, path, "application/json", strings.NewReader(body), want)
}

// upload sends a file with fields.
func (s *script) upload(name string, data []byte, fields map[string]string, want int) map[string]any {
	s.t.Helper()
	body, kind := multipartForm(s.t, name, data, fields)
	return s.send("POST", "/api/v1/firmware", kind, body, want)
}

func (s *script) send(method, path, kind string, body *strings.Reader, want int) map[string]any {
	s.t.Helper()
	a := ask(s.t, s.app, request{method: method, path: path, body: body,
		header: map[string]string{"Authorization": "Bearer " + s.token, "Content-Type": kind}})
	a.wants(s.t, want)
	out := map[string]any{}
	if a.body != "" {
		if err := json.Unmarshal([]byte(a.body), &out); err != nil {
			s.t.Fatalf("%s %s: not JSON: %s", method, path, a.body)
		}
	}
	return out
}

func multipartForm(t testing.TB, name string, data []byte, fields map[string]string) (*strings.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range fields {
		if err := w.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	f, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReader(b.String()), w.FormDataContentType()
}

func TestAPIPlatforms(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newScript(t, d)
		p := s.call("POST", "/api/v1/platforms", `{"name":"Smart-Lamp","notes":"hall"}`, 201)
		if p["name"] != "smart-lamp" || p["notes"] != "hall" || p["version"] != nil || p["released_at"] != nil || p["devices"] != 0.0 {
			t.Errorf("%v", p)
		}
		s.call("POST", "/api/v1/platforms", `{"name":"smart-lamp"}`, 409)
		e := s.call("POST", "/api/v1/platforms", `{"name":"smart_lamp"}`, 422)
		if !strings.Contains(e["error"].(string), "smart-lamp") || e["fields"].(map[string]any)["name"] == nil {
			t.Errorf("%v", e)
		}
		s.call("POST", "/api/v1/platforms", `{"name":`, 400)
		s.call("POST", "/api/v1/platforms", `{"name":"x","notes":"`+strings.Repeat("n", 2001)+`"}`, 422)
		if p := s.call("PATCH", "/api/v1/platforms/smart-lamp", `{"notes":"attic"}`, 200); p["notes"] != "attic" {
			t.Errorf("%v", p)
		}
		if p := s.call("GET", "/api/v1/platforms/smart-lamp", "", 200); p["notes"] != "attic" {
			t.Errorf("%v", p)
		}
		if l := s.call("GET", "/api/v1/platforms", "", 200); len(l["platforms"].([]any)) != 1 {
			t.Errorf("%v", l)
		}
		if l := s.call("GET", "/api/v1/platforms/smart-lamp/releases", "", 200); len(l["releases"].([]any)) != 0 {
			t.Errorf("%v", l)
		}
		s.call("DELETE", "/api/v1/platforms/smart-lamp", "", 204)
		for _, method := range []string{"GET", "PATCH", "DELETE"} {
			s.call(method, "/api/v1/platforms/smart-lamp", `{"notes":""}`, 404)
		}
		s.call("GET", "/api/v1/nothing", "", 404)
		s.call("PUT", "/api/v1/platforms", "", 405)
	})
}

func TestAPIDevices(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newScript(t, d)
		s.call("POST", "/api/v1/platforms", `{"name":"lamp"}`, 201)
		s.call("POST", "/api/v1/platforms", `{"name":"plug"}`, 201)
		dev := s.call("PUT", "/api/v1/devices/18-fe-34-aa-bb-cc", `{"platform":"lamp","notes":"hall"}`, 201)
		if dev["mac"] != "18:FE:34:AA:BB:CC" || dev["state"] != "waiting" || dev["first_seen"] != nil {
			t.Errorf("%v", dev)
		}
		if dev := s.call("PUT", "/api/v1/devices/18fe34aabbcc", `{"platform":"plug"}`, 200); dev["platform"] != "plug" || dev["notes"] != "hall" {
			t.Errorf("%v", dev)
		}
		if dev := s.call("PUT", "/api/v1/devices/18fe34aabbcc", `{"notes":"attic"}`, 200); dev["platform"] != "plug" || dev["notes"] != "attic" {
			t.Errorf("%v", dev)
		}
		if dev := s.call("PUT", "/api/v1/devices/18fe34aabbcc", `{"platform":null}`, 200); dev["platform"] != nil || dev["state"] != "new" || dev["notes"] != "attic" {
			t.Errorf("%v", dev)
		}
		s.call("PUT", "/api/v1/devices/18fe34aabbcc", `{"platform":"toaster"}`, 422)
		s.call("PUT", "/api/v1/devices/18fe34aabbcc", `{"platform":7}`, 422)
		s.call("PUT", "/api/v1/devices/18fe34", `{}`, 422)
		s.call("GET", "/api/v1/devices/000000000000", "", 404)
		s.call("GET", "/api/v1/devices?state=odd", "", 422)
		s.call("GET", "/api/v1/devices?limit=0", "", 422)
		for _, mac := range []string{"000000000001", "000000000002"} {
			s.call("PUT", "/api/v1/devices/"+mac, `{"platform":"lamp"}`, 201)
		}
		first := s.call("GET", "/api/v1/devices?platform=lamp&limit=1", "", 200)
		if first["next"] != "00:00:00:00:00:01" {
			t.Fatalf("%v", first)
		}
		rest := s.call("GET", "/api/v1/devices?platform=lamp&limit=1&after="+first["next"].(string), "", 200)
		if rest["next"] != "" || rest["devices"].([]any)[0].(map[string]any)["mac"] != "00:00:00:00:00:02" {
			t.Errorf("%v", rest)
		}
		s.call("DELETE", "/api/v1/devices/18fe34aabbcc", "", 204)
		s.call("DELETE", "/api/v1/devices/18fe34aabbcc", "", 404)
	})
}

func TestAPINeedsTheRightToken(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	app := newApp(t, d)
	for name, c := range map[string]struct {
		token       string
		read, write int
	}{
		"none":        {"", 401, 401},
		"made up":     {"esp_made-up", 401, 401},
		"user":        {token(t, d, account.Plain, account.Write), 403, 403},
		"viewer":      {token(t, d, account.Viewer, account.Write), 200, 403},
		"read token":  {token(t, d, account.Admin, account.Read), 200, 403},
		"write token": {token(t, d, account.Admin, account.Write), 200, 422},
	} {
		for method, want := range map[string]int{"GET": c.read, "POST": c.write} {
			a := ask(t, app, request{method: method, path: "/api/v1/platforms", body: strings.NewReader("{}"), header: map[string]string{"Authorization": "Bearer " + c.token}})
			if a.status != want || !strings.Contains(a.header.Get("Content-Type"), "application/json") {
				t.Errorf("%s, %s: %d %s; want %d", name, method, a.status, a.body, want)
			}
		}
	}
	a := ask(t, app, request{method: "POST", path: "/api/v1/platforms", body: strings.NewReader(`{"name":"x"}`), as: signedIn(t, d, account.Admin)})
	if a.status != 401 {
		t.Errorf("a session did for the API: %d", a.status)
	}
}
