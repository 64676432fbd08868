package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// boardCrowd is boards that ask all the time, each with the one answer that it may get.
type boardCrowd struct {
	t       *testing.T
	image   []byte
	stop    chan struct{}
	running sync.WaitGroup
	answers atomic.Int64
	images  atomic.Int64 // of them
}

func newBoardCrowd(t *testing.T, image []byte) *boardCrowd {
	c := &boardCrowd{t: t, image: image, stop: make(chan struct{})}
	t.Cleanup(c.end)
	return c
}

func (c *boardCrowd) end() {
	select {
	case <-c.stop:
	default:
		close(c.stop)
	}
	c.running.Wait()
}

// ask lets a board ask a process again and again.
func (c *boardCrowd) ask(p *process, mac, ver, want string) {
	c.running.Go(func() {
		for {
			select {
			case <-c.stop:
				return
			case <-time.After(100 * time.Millisecond):
			}
			status, body := p.asks(mac, ver)
			if status != want || want == "200" && !bytes.Equal(body, c.image) {
				c.t.Errorf("board %s got %q with %d bytes, not %s", mac, status, len(body), want)
				return
			}
			c.answers.Add(1)
			if want == "200" {
				c.images.Add(1)
			}
		}
	})
}

// device is a device in the API.
type device struct {
	Platform  *string   `json:"platform"`
	Notes     string    `json:"notes"`
	Version   string    `json:"version"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
}

func (s *site) device(mac string) (d device, ok bool) {
	s.t.Helper()
	status, data, err := s.send("GET", "/api/v1/devices/"+mac, "", nil)
	if err != nil || status != http.StatusOK {
		return d, false
	}
	if err := json.Unmarshal(data, &d); err != nil {
		s.t.Fatal(err)
	}
	return d, true
}

// beside is a second process on the database of a site.
func (s *site) beside() *process {
	s.t.Helper()
	return start(s.t, s.env...)
}

// counts checks that all downloads are counted. What broke off when it was about
// to be acknowledged may be counted twice.
func (s *site) counts(downloads int64) {
	s.t.Helper()
	var platform struct{ Downloads int64 }
	until(s.t, fmt.Sprintf("%d downloads are counted", downloads), func() bool {
		if err := json.Unmarshal(s.call("GET", "/api/v1/platforms/smart-lamp", ""), &platform); err != nil {
			s.t.Fatal(err)
		}
		return platform.Downloads >= downloads
	})
	if platform.Downloads > downloads+20 {
		s.t.Errorf("of %d downloads %d are counted", downloads, platform.Downloads)
	}
}
