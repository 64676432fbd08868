package handlers_test

import (
	"context"
	"testing"

	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// TestPartsWhileTheDatabaseIsAway holds that who has begun goes on.
func TestPartsWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	dbtest.EachConfig(t, func(t *testing.T, c db.Config) {
		d := dbtest.Open(t, c)
		sun(t, d)
		address := serve(t, d, func(c *handlers.Config) { c.Patience = 1 })
		back := func() {}
		idfClients["newest"].fetch(t, address, oldSun, func(n int) string {
			switch n {
			case 1:
				publishSun(t, d, "v1.2.0", newSun)
				waitForOffer(t, address)
			case 2:
				back = takeAway(t, c)
			case 4:
				back()
			}
			return address
		})
	})
}

// noPins is a database of which no pin must be asked.
type noPins struct{ t *testing.T }

func (n noPins) Find(context.Context, fleet.MAC) (*ota.Pin, error) {
	n.t.Error("asked")
	return nil, nil
}
func (n noPins) Save(context.Context, *ota.Pin) error { n.t.Error("asked"); return nil }
func (n noPins) Take(context.Context, *ota.Pin) error { n.t.Error("asked"); return nil }

// TestWholeImagesWaitForNoPin holds that boards which take images in one go, and
// those for which there is no update, pay nothing for the others.
func TestWholeImagesWaitForNoPin(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	world(t, d)
	address := serve(t, d, func(c *handlers.Config) { c.Pins = noPins{t} })
	for _, request := range []string{"GET /update?dev=smart-lamp&ver=v1.0.2", "GET /update?dev=smart-lamp&ver=v1.0.3", "HEAD /update?dev=smart-lamp&ver=v1.0.3", "GET /update?dev=nothing&ver=v1"} {
		say(t, address, request+" HTTP/1.0\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n\r\n")
	}
}
