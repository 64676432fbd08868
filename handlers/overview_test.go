package handlers_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

func TestOverviewSaysTheNextStep(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	admin := newBrowser(t, d, account.Admin)
	a := ask(t, admin.app, request{path: "/", as: admin.as}).wants(t, 200)
	if a.text(t, ".steps li:not(.is-done) a[href='/platforms/new']") == "" || !strings.Contains(a.text(t, ".steps pre"), "/update?dev=smart-lamp&ver=v1.0.0") {
		t.Errorf("%s", a.text(t, ".steps"))
	}
	viewer := ask(t, admin.app, request{path: "/", as: signedIn(t, d, account.Viewer)}).wants(t, 200)
	if viewer.has(".steps a[role=button]") {
		t.Error("a viewer is sent to where only admins may go")
	}
	waiting := ask(t, admin.app, request{path: "/", as: signedIn(t, d, account.Plain)}).wants(t, 200)
	if !strings.Contains(waiting.text(t, "h1"), "waits for an admin") || waiting.has("[data-since]") {
		t.Error("who was not let in yet does not wait")
	}
}

func TestOverviewTellsHowTheFleetIs(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		app, admin := newApp(t, d), sessionOf(t, d, "admin@example.com")
		board := map[string]string{"x-ESP8266-STA-MAC": "A4:CF:12:B3:C4:01"}
		ask(t, app, request{path: "/update?dev=smart-lamp&ver=v1.0.1", header: board}).wants(t, 200)
		ask(t, app, request{path: "/update?dev=garden&ver=v1.0.1", header: map[string]string{"x-ESP8266-STA-MAC": "A4:CF:12:B3:C4:04"}}).wants(t, 400)
		a := ask(t, app, request{path: "/", as: admin}).wants(t, 200)
		for link, want := range map[string]string{
			"/devices?state=behind": "1 behind", "/new-devices": "2 new", "/devices?state=refused": "1 refused",
			"/devices?state=waiting": "0 waiting", "/devices?state=up-to-date": "0 up to date", "/devices?state=silent": "0 silent",
		} {
			if got := a.text(t, ".states a[href='"+link+"']"); got != want {
				t.Errorf("%s says %q, want %q", link, got, want)
			}
		}
		problems := a.text(t, "#problems")
		for _, want := range []string{"1 device is refused on smart-lamp: the platform that it asked for does not exist.", "2 new devices wait for a decision."} {
			if !strings.Contains(problems, want) {
				t.Errorf("%q is not among: %s", want, problems)
			}
		}
		if !a.has("#problems a[href='/devices?platform=smart-lamp&state=refused']") || a.has(".steps") {
			t.Error("a problem leads nowhere, or first steps are shown to who has taken them")
		}
		if got := a.text(t, "#check-ins-summary"); got != "In the last hour 2 check-ins, at most 2 check-ins in a minute." {
			t.Errorf("%s", got)
		}
		if got, _ := a.doc.Find("#adoption svg[role=img]").Attr("aria-label"); got != "smart-lamp: 2 devices on v1.0.1." {
			t.Errorf("%s", got)
		}
		if got := ask(t, app, request{path: "/devices/a4cf12b3c404", as: admin}).text(t, "#device-history li:first-child span"); got != "It was refused: there is no platform garden." {
			t.Errorf("the device says %q", got)
		}
		if got := a.text(t, "#feed-list"); !strings.Contains(got, "was offered v1.0.2 of smart-lamp; it runs v1.0.1") {
			t.Errorf("%s", got)
		}
	})
}

// TestTheFeedTellsOfReleases holds that what people do to releases is told, and
// that a device says that it lost its platform.
func TestTheFeedTellsOfReleases(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fillFleet(t, d)
		b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
		b.publish("v1.0.3")
		b.submit("/platforms/smart-lamp/release?_method=DELETE", url.Values{"version": {"v1.0.3"}}, 303)
		b.submit("/platforms/smart-lamp/release?_method=PUT", url.Values{"version": {"v1.0.3"}}, 303)
		a := b.get("/", 200)
		for n, want := range []string{"smart-lamp offers v1.0.3 now", "smart-lamp v1.0.3 was withdrawn; v1.0.2 is offered again", "smart-lamp v1.0.3 was published by admin@example.com"} {
			if got := a.text(t, fmt.Sprintf("#feed-list li:nth-child(%d) span", n+1)); got != want {
				t.Errorf("line %d is %q, want %q", n, got, want)
			}
		}
		if !a.has("#feed-list li a[href='/platforms/smart-lamp']") {
			t.Error("the platform is not linked")
		}
		b.submit("/platforms/smart-lamp?_method=DELETE", nil, 303)
		if b.get("/", 200).has("#feed-list a[href='/platforms/smart-lamp']") {
			t.Error("the feed leads to a platform that is gone")
		}
		if got := b.get("/devices/a4cf12b3c401", 200).text(t, "#device-history li:first-child span"); got != "It was revoked from smart-lamp." {
			t.Errorf("the device says %q", got)
		}
	})
}

// TestTheFeedTellsOnce holds that what is done again and again fills no feed.
func TestTheFeedTellsOnce(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	b := &browser{t, newApp(t, d), sessionOf(t, d, "admin@example.com")}
	for range 3 {
		b.submit("/devices/a4cf12b3c404/permit?_method=DELETE", nil, 303)
		b.submit("/devices/a4cf12b3c404/permit?_method=PUT", url.Values{"platform": {"smart-lamp"}}, 303)
	}
	a := b.get("/", 200)
	for n, want := range []string{
		"A4:CF:12:B3:C4:04 was permitted on smart-lamp by admin@example.com, again and again",
		"A4:CF:12:B3:C4:04 was revoked from smart-lamp by admin@example.com, again and again",
	} {
		if got := a.text(t, fmt.Sprintf("#feed-list li:nth-child(%d) span", n+1)); got != want {
			t.Errorf("line %d is %q, want %q", n, got, want)
		}
	}
	if n := a.doc.Find("#feed-list li:contains('C4:04')").Length(); n != 2 {
		t.Errorf("%d lines", n)
	}
}

// TestForeignTextOnTheOverview holds that what boards make up runs nowhere.
func TestForeignTextOnTheOverview(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	fillFleet(t, d)
	app := newApp(t, d)
	ask(t, app, request{path: "/update?dev=<img%20src=x>&ver=<script>alert(1)</script>", header: map[string]string{"x-ESP8266-STA-MAC": "A4:CF:12:B3:C4:66"}}).wants(t, 400)
	a := ask(t, app, request{path: "/", as: sessionOf(t, d, "admin@example.com")}).wants(t, 200)
	if a.has("#feed script, #feed img") || !strings.Contains(a.text(t, "#feed"), "<script>") {
		t.Errorf("%s", a.text(t, "#feed"))
	}
}

// TestALiveLookLeavesTheMessage holds that an open page which looks for what
// changed does not take the sentence that the next page is to show.
func TestALiveLookLeavesTheMessage(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	admin := newBrowser(t, d, account.Admin)
	admin.submit("/platforms", map[string][]string{"name": {"lamp"}}, 303)
	if ask(t, admin.app, request{path: "/", as: admin.as, header: map[string]string{"X-Live": "1"}}).has("#flash .notice") {
		t.Error("it is shown on the wrong page")
	}
	if got := ask(t, admin.app, request{path: "/platforms/lamp", as: admin.as}).text(t, "#flash"); !strings.Contains(got, "is created") {
		t.Errorf("%q", got)
	}
}

// TestViewersAreOfferedNoSolution holds the problems to what their reader may do.
func TestViewersAreOfferedNoSolution(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		lamps(t, b, 1)
		checkIn(t, d, "a4cf12b3c4ff", "", "v1.0.0")
		for cookie, want := range map[string][2]string{
			sessionOf(t, d, "admin@example.com"): {"Upload firmware", "Permit or forget"},
			signedIn(t, d, account.Viewer):       {"", "See which"},
		} {
			a := ask(t, b.app, request{path: "/", as: cookie}).wants(t, 200)
			upload := a.doc.Find(".problems li:contains('nothing to get') a").Text()
			permit := a.text(t, ".problems a[href='/new-devices']")
			if strings.TrimSpace(upload) != want[0] || permit != want[1] {
				t.Errorf("offers %q and %q, want %q", upload, permit, want)
			}
		}
	})
}
