package db_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
)

// fill is a database with a fleet of all sorts.
func fill(t *testing.T, c db.Config, devices int) *db.DB {
	t.Helper()
	d := dbtest.Open(t, c)
	dbtest.Fill(t, c, devices)
	return d
}

// TestPagesOfDevices leads through lists of every order and filter, forwards and
// backwards, and wants each device once and in its order.
func TestPagesOfDevices(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		d := fill(t, c, 120)
		filters := []fleet.DeviceQuery{
			{}, {Permitted: true}, {Permitted: true, Platform: "door-sensor"}, {State: fleet.Behind}, {State: fleet.UpToDate}, {State: fleet.New},
			{Permitted: true, Search: "floor 3"}, {State: fleet.UpToDate, Search: "room 1"}, {Platform: "smart-lamp", State: fleet.Silent},
			{Platform: "smart-lamp", Search: "room 2"},
		}
		for _, q := range filters {
			want, err := d.Devices.List(ctx, q)
			must(t, err)
			n, err := d.Devices.Count(ctx, q)
			if err != nil || int(n) != len(want) && !q.Permitted {
				t.Errorf("%+v: counted %d of %d, %v", q, n, len(want), err)
			}
			for _, order := range fleet.DeviceSorts {
				for _, descending := range []bool{false, true} {
					q.Sort, q.Descending = order, descending
					leadThrough(t, d, q, macsOf(want))
				}
			}
		}
	})
}

func macsOf(list []fleet.Device) (macs []fleet.MAC) {
	for i := range list {
		macs = append(macs, list[i].MAC)
	}
	return macs
}

// leadThrough pages through a list from both ends.
func leadThrough(t *testing.T, d *db.DB, q fleet.DeviceQuery, want []fleet.MAC) {
	t.Helper()
	q.Limit = 0
	all, err := d.Devices.List(ctx, q)
	must(t, err)
	whole := macsOf(all)
	if sorted := slices.Sorted(slices.Values(whole)); !slices.Equal(sorted, want) {
		t.Fatalf("%+v lists %d devices, want %d", q, len(whole), len(want))
	}
	less := func(a, b fleet.Device) int { return compareBy(q.Sort, &a, &b) }
	if q.Descending {
		slices.Reverse(all)
	}
	if !slices.IsSortedFunc(all, less) {
		t.Errorf("%+v is in another order", q)
	}
	q.Limit = 7
	var forwards, backwards []fleet.MAC
	page, err := d.Devices.Page(ctx, q)
	for ; err == nil; page, err = d.Devices.Page(ctx, q) {
		forwards = append(forwards, macsOf(page.Devices)...)
		if !page.After {
			break
		}
		q.After, q.Key = page.Devices[len(page.Devices)-1].MAC, page.LastKey
	}
	must(t, err)
	q.After, q.Key, q.Last = "", "", true
	for {
		page, err = d.Devices.Page(ctx, q)
		must(t, err)
		backwards = append(macsOf(page.Devices), backwards...)
		if !page.Before {
			break
		}
		q.Last, q.Before, q.Key = false, page.Devices[0].MAC, page.FirstKey
		must(t, d.Devices.CheckPlace(&q))
	}
	if !slices.Equal(forwards, whole) || !slices.Equal(backwards, whole) {
		t.Errorf("%+v: paged to %d and back to %d of %d", q, len(forwards), len(backwards), len(whole))
	}
}

// compareBy is the order of two devices as far as it can be told in Go.
func compareBy(order fleet.DeviceSort, a, b *fleet.Device) int {
	unix := func(at *time.Time) int64 {
		if at == nil {
			return 0
		}
		return at.UnixMicro()
	}
	switch order {
	case fleet.ByVersion:
		return cmp(a.VersionKey, b.VersionKey)
	case fleet.ByLastSeen:
		return cmp(unix(a.LastSeen), unix(b.LastSeen))
	case fleet.ByFirstSeen:
		return cmp(unix(a.FirstSeen), unix(b.FirstSeen))
	case fleet.ByMAC:
		return cmp(a.MAC, b.MAC)
	}
	return 0
}

func cmp[T interface{ ~string | ~int64 }](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// TestDeviceStatesAreCounted holds the counts to what the lists have.
func TestDeviceStatesAreCounted(t *testing.T) {
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		d := fill(t, c, 500)
		for _, platform := range []string{"", "door-sensor", "gone"} {
			states, err := d.Devices.States(ctx, platform)
			must(t, err)
			want := map[fleet.State]int64{}
			list, err := d.Devices.List(ctx, fleet.DeviceQuery{Platform: platform})
			must(t, err)
			for i := range list {
				want[list[i].State(time.Now())]++
			}
			for _, state := range fleet.States {
				if states[state] != want[state] {
					t.Errorf("%q has %d %s, want %d", platform, states[state], state, want[state])
				}
			}
		}
	})
}

// TestAddressesSort wants addresses in the order of their numbers.
func TestAddressesSort(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ips := []string{"10.0.0.9", "10.0.0.10", "192.168.1.2", "2001:db8::1", "2001:db8::10"}
		for i, ip := range ips {
			m := fleet.MAC(fmt.Sprintf("00000000000%d", len(ips)-i))
			checkInFrom(t, d, m, ip)
		}
		list, err := d.Devices.List(ctx, fleet.DeviceQuery{Sort: fleet.ByIP})
		must(t, err)
		for i := range list {
			if list[i].IP != ips[i] {
				t.Errorf("%d is %s, want %s", i, list[i].IP, ips[i])
			}
		}
	})
}

// TestSearchKnowsEveryAlphabet finds upper case that SQLite does not know.
func TestSearchKnowsEveryAlphabet(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		platform(t, d, "lamp")
		must(t, d.Devices.Add(ctx, mac, "lamp", "KÜCHE, ЛАМПА", "", false))
		for _, q := range []string{"küche", "KÜCHE", "лампа", "Лампа"} {
			list, err := d.Devices.List(ctx, fleet.DeviceQuery{Search: q})
			if err != nil || len(list) != 1 {
				t.Errorf("%q finds %d, %v", q, len(list), err)
			}
		}
		must(t, d.Platforms.Delete(ctx, "lamp"))
		if list, err := d.Devices.List(ctx, fleet.DeviceQuery{Search: "lamp"}); err != nil || len(list) != 0 {
			t.Errorf("a platform that is gone finds %d, %v", len(list), err)
		}
	})
}
