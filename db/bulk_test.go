package db_test

import (
	"fmt"
	"slices"
	"testing"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// checkInFrom lets a device ask from an address.
func checkInFrom(t *testing.T, d *db.DB, m fleet.MAC, ip string) {
	t.Helper()
	record(t, d, &fleet.CheckIn{MAC: m, Platform: "lamp", Version: "v1.0.0", IP: ip, At: db.Now()}, notWhitelisted)
}

// record keeps a check-in with what it was answered.
func record(t *testing.T, d *db.DB, c *fleet.CheckIn, decision ota.Decision) {
	t.Helper()
	_, err := d.Devices.Record(ctx, []fleet.Heard{decision.Heard(c)})
	must(t, err)
}

var notWhitelisted = ota.Decision{Answer: fleet.Refusal, Reason: ota.NotWhitelisted}

func events(t *testing.T, d *db.DB, m fleet.MAC) (list []fleet.Event) {
	t.Helper()
	all, err := d.History.Of(ctx, m, 100)
	must(t, err)
	for _, h := range all {
		list = append(list, h.Event)
	}
	return list
}

func all(q fleet.DeviceQuery) fleet.Selection { return fleet.Selection{Query: &q} }

func removal(id string, kind fleet.RemovalKind) fleet.Removal {
	return fleet.Removal{ID: id, UserID: "u", Kind: kind, By: "ada@example.com"}
}

func TestRevokeManyAndUndo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		for _, m := range []fleet.MAC{"000000000001", "000000000002", "000000000003"} {
			must(t, d.Devices.Add(ctx, m, "lamp", "note", "ada@example.com", false))
		}
		if _, err := d.Devices.RemoveAll(ctx, all(fleet.DeviceQuery{Platform: "lamp"}), 2, removal("a", fleet.Revocation)); !fault.Is(err, fault.Conflict) {
			t.Errorf("more than asked: %v", err)
		}
		n, err := d.Devices.RemoveAll(ctx, all(fleet.DeviceQuery{Platform: "lamp"}), 3, removal("b", fleet.Revocation))
		if err != nil || n != 3 || device(t, d, "000000000001").Platform != "" {
			t.Fatalf("revoked %d, %v", n, err)
		}
		must(t, d.Devices.Add(ctx, "000000000003", "lamp", "", "", false)) // meanwhile
		if _, err := d.Devices.Undo(ctx, fleet.Removal{ID: "b", UserID: "somebody else"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("somebody else undid it: %v", err)
		}
		n, err = d.Devices.Undo(ctx, removal("b", ""))
		if err != nil || n != 2 || device(t, d, "000000000001").Platform != "lamp" {
			t.Errorf("undone %d, %v", n, err)
		}
		if got := events(t, d, "000000000001"); !slices.Equal(got, []fleet.Event{fleet.Permitted, fleet.Revoked, fleet.Permitted}) {
			t.Errorf("history %v", got)
		}
		if _, err := d.Devices.Undo(ctx, removal("b", "")); !fault.Is(err, fault.Conflict) {
			t.Errorf("undone twice: %v", err)
		}
	})
}

func TestForgetManyAndUndo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		must(t, d.Devices.Add(ctx, "000000000001", "lamp", "KÜCHE", "", false))
		must(t, d.Devices.Add(ctx, "000000000002", "lamp", "hall", "", false))
		checkInFrom(t, d, "000000000001", "192.0.2.1")
		was := device(t, d, "000000000001")
		sel := fleet.Selection{MACs: []fleet.MAC{"000000000001", "000000000002", "000000000009"}}
		n, err := d.Devices.RemoveAll(ctx, sel, 3, removal("a", fleet.Oblivion))
		if err != nil || n != 2 {
			t.Fatalf("forgotten %d, %v", n, err)
		}
		if _, err := d.Devices.Find(ctx, "000000000001"); !fault.Is(err, fault.NotFound) {
			t.Errorf("still there: %v", err)
		}
		checkInFrom(t, d, "000000000002", "192.0.2.2") // comes back meanwhile
		n, err = d.Devices.Undo(ctx, removal("a", ""))
		if err != nil || n != 2 {
			t.Fatalf("undone %d, %v", n, err)
		}
		is := device(t, d, "000000000001")
		if is.Notes != was.Notes || is.Platform != "lamp" || !is.LastSeen.Equal(*was.LastSeen) || !is.CreatedAt.Equal(was.CreatedAt) || is.IP != was.IP {
			t.Errorf("was %+v, is %+v", was, is)
		}
		if back := device(t, d, "000000000002"); back.Platform != "lamp" || back.Notes != "hall" || back.IP != "192.0.2.2" {
			t.Errorf("the one that came back is %+v", back)
		}
		if list, err := d.Devices.List(ctx, fleet.DeviceQuery{Search: "küche"}); err != nil || len(list) != 1 {
			t.Errorf("found %d, %v", len(list), err)
		}
	})
}

func TestPermitMany(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		platform(t, d, "plug")
		must(t, d.Devices.Add(ctx, "000000000001", "lamp", "", "", false))
		checkInFrom(t, d, "000000000002", "192.0.2.1")
		sel := fleet.Selection{MACs: []fleet.MAC{"000000000001", "000000000002"}}
		if _, err := d.Devices.PermitAll(ctx, sel, 2, "gone", ""); fault.Of(err) == nil || fault.Of(err).Fields["platform"] == "" {
			t.Errorf("permitted on no platform: %v", err)
		}
		n, err := d.Devices.PermitAll(ctx, sel, 2, "plug", "ada@example.com")
		if err != nil || n != 2 || device(t, d, "000000000001").Platform != "plug" || device(t, d, "000000000002").Platform != "plug" {
			t.Errorf("permitted %d, %v", n, err)
		}
		h, err := d.History.Of(ctx, "000000000002", 1)
		if err != nil || len(h) != 1 || h[0].Event != fleet.Permitted || h[0].Platform != "plug" || h[0].Detail != "ada@example.com" {
			t.Errorf("history %+v, %v", h, err)
		}
	})
}

// TestPermitAsked permits new devices where each asked, however it spelled that.
func TestPermitAsked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "smart-lamp")
		platform(t, d, "plug")
		var sel fleet.Selection
		for i, asked := range []string{"SMART_LAMP", "smart-lamp", "plug", "toaster", "smart-lamp"} {
			mac := fleet.MAC(fmt.Sprintf("00000000000%d", i))
			record(t, d, &fleet.CheckIn{MAC: mac, Platform: asked, Version: "v1.0.0", At: db.Now()}, notWhitelisted)
			sel.MACs = append(sel.MACs, mac)
		}
		must(t, d.Devices.Edit(ctx, "000000000004", fleet.DeviceChange{Platform: new("plug")})) // by somebody else meanwhile
		asked, err := d.Devices.Asked(ctx, sel)
		if want := []fleet.Asked{{Platform: "smart-lamp", Devices: 3, Permitted: 1}, {Devices: 1}, {Platform: "plug", Devices: 1}}; err != nil || !slices.Equal(asked, want) {
			t.Errorf("asked %v, %v; want %v", asked, err, want)
		}
		if _, _, err := d.Devices.PermitAsked(ctx, sel, 4, "ada"); !fault.Is(err, fault.Conflict) {
			t.Errorf("more than were told: %v", err)
		}
		n, stayed, err := d.Devices.PermitAsked(ctx, sel, 5, "ada")
		if err != nil || n != 3 || stayed != 1 {
			t.Fatalf("permitted %d, %d stayed, %v", n, stayed, err)
		}
		for i, want := range []string{"smart-lamp", "smart-lamp", "plug", "", "plug"} {
			if got := device(t, d, sel.MACs[i]).Platform; got != want {
				t.Errorf("%d is on %q, want %q", i, got, want)
			}
		}
		h, err := d.History.Of(ctx, "000000000000", 1)
		if err != nil || len(h) != 1 || h[0].Event != fleet.Permitted || h[0].Platform != "smart-lamp" || h[0].Detail != "ada" {
			t.Errorf("history %+v, %v", h, err)
		}
	})
}

// TestIgnore keeps a new device out of the queue until it asks for another
// platform.
func TestIgnore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		checkInFrom(t, d, "000000000001", "192.0.2.1")
		count := func(want int) {
			t.Helper()
			if n, err := d.Devices.CountNew(ctx); err != nil || n != want {
				t.Errorf("%d new devices, %v; want %d", n, err, want)
			}
		}
		count(1)
		if _, err := d.Devices.IgnoreAll(ctx, fleet.Selection{MACs: []fleet.MAC{"000000000001"}}, 0, true); !fault.Is(err, fault.Conflict) {
			t.Errorf("more are ignored than the person was told: %v", err)
		}
		_, err := d.Devices.IgnoreAll(ctx, fleet.Selection{MACs: []fleet.MAC{"000000000001"}}, 1, true)
		must(t, err)
		count(0)
		checkInFrom(t, d, "000000000001", "192.0.2.9")
		count(0)
		record(t, d, &fleet.CheckIn{MAC: "000000000001", Platform: "plug", Version: "v1.0.0", At: db.Now()}, notWhitelisted)
		count(1)
	})
}

// TestStaleEdit changes nothing when somebody else was first.
func TestStaleEdit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		must(t, d.Devices.Add(ctx, mac, "lamp", "hall", "", false))
		notes := "attic"
		err := d.Devices.Edit(ctx, mac, fleet.DeviceChange{Notes: &notes, Was: &fleet.DeviceWas{Platform: "lamp", Notes: "cellar"}})
		if !fault.Is(err, fault.Conflict) || device(t, d, mac).Notes != "hall" {
			t.Errorf("%v", err)
		}
		must(t, d.Devices.Edit(ctx, mac, fleet.DeviceChange{Notes: &notes, Was: &fleet.DeviceWas{Platform: "lamp", Notes: "hall"}}))
	})
}
