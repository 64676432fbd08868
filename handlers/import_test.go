package handlers_test

import (
	"encoding/csv"
	"net/url"
	"strings"
	"testing"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// TestImport previews a list line by line, and saves what is right in it.
func TestImport(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		lamps(t, b, 2)
		checkIn(t, d, "a4cf12b3c401", "smart-lamp", "v1.0.1")
		list := "A4-CF-12-B3-C4-01\na4cf12b30000,door-sensor,Hall\nA4CF.12B3.0001\na4cf12b3ffff\na4cf12b3ffff\nnonsense\na4cf12b3fffe,gone\n"
		form := url.Values{"list": {list}, "platform": {"smart-lamp"}}
		for _, a := range []*answer{b.submit("/devices/import", form, 200), b.send("POST", "/devices/import", form, 200)} {
			for i, want := range []string{"permitted: it is a new device", "moves here from smart-lamp", "is so already", "added, never seen yet", "It is on line 4 already.", "is not a MAC address", "There is no platform gone."} {
				if got := a.doc.Find(".import-lines tbody tr").Eq(i).Text(); !strings.Contains(got, want) {
					t.Errorf("line %d: %q, want %q", i+1, got, want)
				}
			}
			if got := a.text(t, ".apply button"); got != "Save 3 devices" {
				t.Errorf("offers to %q", got)
			}
		}
		b.submit("/devices/import?_method=PUT", form, 409) // it would move one more than it was told
		form.Set("moves", "1")
		b.submit("/devices/import?_method=PUT", form, 303)
		if got := b.get("/devices", 200).text(t, "#device-a4cf12b30000"); !strings.Contains(got, "door-sensor") || !strings.Contains(got, "Hall") {
			t.Errorf("moved as %q", got)
		}
		if got := b.get("/devices", 200).text(t, "#device-a4cf12b30001"); !strings.Contains(got, "Room 1") {
			t.Errorf("without notes it is %q", got)
		}
		b.submit("/devices/import", url.Values{"list": {" "}}, 422).text(t, "#list-error")
		b.submit("/devices/import?_method=PUT", form, 422).text(t, "#list-error") // nothing left to do
		large := url.Values{"list": {strings.Repeat("A4:CF:12:B3:C4:01\n", fleet.MaxImport)}, "platform": {"smart-lamp"}}
		if got := b.submit("/devices/import", large, 200).text(t, ".summary"); !strings.Contains(got, "9,999 lines are wrong") {
			t.Errorf("the largest list: %q", got)
		}
	})
}

// TestExport writes the filtered table, with nothing that a spreadsheet runs,
// and takes it back.
func TestExport(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, d, account.Admin)
		lamps(t, b, 1100)
		for _, evil := range []string{"=1+1", "+1", "-1", "@x", "\t=1"} {
			b.send("PUT", "/devices/a4cf12b30000", url.Values{"notes": {evil}}, 200)
			a := b.get("/devices/export?q=a4cf12b30000", 200)
			if cell := csvOf(t, a.body)[1][2]; !strings.HasPrefix(cell, "'") {
				t.Errorf("%q is exported as %q", evil, cell)
			}
		}
		a := b.get("/devices/export?sort=-notes&platform=smart-lamp", 200)
		lines := csvOf(t, a.body)
		if len(lines) != 1101 || lines[0][0] != "mac" || lines[1][2] != "Room 999" || !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") {
			t.Errorf("%d lines, the first %q", len(lines), lines[1])
		}
		if got := b.submit("/devices/import", url.Values{"list": {a.body}}, 200).text(t, ".summary"); !strings.HasPrefix(got, "1,100 devices will be left as they are") {
			t.Errorf("pasted back: %q", got)
		}
	})
}

func csvOf(t *testing.T, body string) [][]string {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}
