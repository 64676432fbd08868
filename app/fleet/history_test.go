package fleet_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/fleet"
)

// TestHappenings holds that a history tells changes and not every check-in.
func TestHappenings(t *testing.T) {
	at := time.Now()
	was := func(version string, reason string) *fleet.Device {
		return &fleet.Device{LastSeen: &at, Version: version, Reason: reason}
	}
	for _, row := range []struct {
		before  *fleet.Device
		version string
		answer  fleet.Answer
		reason  string
		want    string
	}{
		{nil, "v1.0.2", fleet.Refusal, "not-whitelisted", "first-seen v1.0.2, refused v1.0.2"},
		{&fleet.Device{}, "v1.0.2", fleet.Offer, "newer", "first-seen v1.0.2, offered v1.0.3"},
		{was("v1.0.2", "not-whitelisted"), "v1.0.2", fleet.Refusal, "not-whitelisted", ""},
		{was("v1.0.2", "not-whitelisted"), "v1.0.2", fleet.Offer, "newer", "offered v1.0.3"},
		{was("v1.0.2", "newer"), "v1.0.2", fleet.Offer, "newer", ""},
		{was("v1.0.2", "newer"), "v1.0.3", fleet.NoUpdate, "not-newer", "updated v1.0.3"},
		{was("v1.0.3", "not-newer"), "v1.0.3", fleet.NoUpdate, "not-newer", ""},
		{was("v1.0.3", "not-newer"), "v1.0.3", fleet.Refusal, "other-family", "refused v1.0.3"},
		{was("v1.0.1", "newer"), "v1.0.2", fleet.Offer, "newer", "updated v1.0.2, offered v1.0.3"},
	} {
		c := &fleet.CheckIn{MAC: "18fe34aabbcc", Platform: "LAMP", Version: row.version, At: at}
		var got []string
		for _, h := range fleet.Happenings(row.before, c, row.answer, row.reason, "v1.0.3", "sentence") {
			got = append(got, fmt.Sprintf("%s %s", h.Event, h.Version))
			if h.MAC != c.MAC || !h.At.Equal(at) || h.Platform != "lamp" {
				t.Errorf("%+v", h)
			}
		}
		if s := strings.Join(got, ", "); s != row.want {
			t.Errorf("%+v: %q; want %q", row, s, row.want)
		}
	}
}
