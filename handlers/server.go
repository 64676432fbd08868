// Package handlers speaks HTTP: with boards, with browsers and with scripts. It
// parses, calls the domain, and renders; rules live in app, SQL in db.
package handlers

import (
	"context"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/template/html/v2"

	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
)

// Config is what the handlers need to know and to reach.
type Config struct {
	Platforms platforms
	Devices   devices
	Releases  releases
	Drafts    drafts
	History   history
	Users     users
	Sessions  sessions
	Tokens    tokens
	Links     links
	Factors   factors
	Throttles throttles
	Backups   backups
	Activity  activities
	Pins      pinStore
	Payloads  fiber.Storage // of sessions, under the hash of their id
	Publisher *release.Publisher
	IsAway    func(error) bool // whether an error says that it does not just now; nil for never
	Hub       *live.Hub        // what open pages listen to; nil for one of its own
	Announce  announcer        // tells the hubs of all processes; nil when there is one process
	CheckIns  *fleet.Counter   // of check-ins; nil for one that nobody saves
	Index     *ota.Index       // what the device route answers from
	Writer    *fleet.Writer    // of check-ins; New starts it, who made it closes it

	PublicURL      *url.URL       // as people reach the server; nil when not told
	LocalURL       string         // as the local network does
	TrustedProxies []netip.Prefix // whose X-Forwarded-* headers count
	SignupOpen     bool
	MaxWaiting     int64  // users who wait for an admin; more cannot sign up
	AdminEmail     string // who is made an admin at each start; "" for nobody
	MaxFirmware    int64  // bytes of a file
	MaxNewDevices  int    // that are kept
	Patience       int    // how many times longer than usual requests wait for the database; 0 for as long as usual
	ImageCache     int64  // bytes of images kept in memory
	Version        string
	Log            *slog.Logger
}

// server is the handlers with what they share.
type server struct {
	Config
	app        *fiber.App
	engine     *html.Engine
	images     *imageCache
	modes      *flashModes
	crowd      crowd
	pins       *pins
	waits      waitBounds
	verbose    bool // requests are logged
	assets     compressedAssets
	lastChange atomic.Int64 // by this process, in Unix nanoseconds
	lastEdit   atomic.Int64 // the last of them that was no mere check-in
	counts     counts[map[fleet.State]int64]
	newCount   counts[int]
	stats      cached[*fleet.Stats]
	sizes      cached[dataSizes]
	metrics    *metrics
	newcomers  newcomers
	forgeries  fleet.Forgeries
	proxies    proxyHints
	keyUses    keyUses
}

// Limits of what a client may send and how long it may take.
const (
	headerLimit   = 8 << 10   // bytes of the request line and headers
	bodyLimit     = 256 << 10 // bytes of a body that is no upload
	listLimit     = 1 << 20   // bytes of a pasted list of devices
	uploadSlack   = 64 << 10  // bytes that a form may add to a file
	readTimeout   = 10 * time.Second
	uploadTimeout = 10 * time.Minute // 16 MiB at 1 Mbit/s take 134 s
	idleTimeout   = 30 * time.Second
	concurrency   = 16 << 10 // connections; fewer where the process may not open that many files
)

// New wires the handlers to their routes.
func New(c Config) (*fiber.App, error) {
	engine, err := newEngine(c.Version)
	if err != nil {
		return nil, err
	}
	if c.Hub == nil {
		c.Hub = live.NewHub()
	}
	if c.Announce == nil {
		c.Announce = c.Hub
	}
	if c.CheckIns == nil {
		c.CheckIns = &fleet.Counter{}
	}
	if c.IsAway == nil {
		c.IsAway = func(error) bool { return false }
	}
	c.Devices = freshDevices{c.Devices, c.Index.Heard}
	bounds := newWaitBounds(c.Patience)
	s := &server{Config: c, engine: engine, images: newImageCache(c.ImageCache, c.Releases.Bytes), counts: counts[map[fleet.State]int64]{age: countsAge, lag: countsLag}, pins: newPins(c.Pins, bounds.pin), waits: bounds}
	s.modes = newFlashModes(c.Releases, s.images, bounds.mode)
	s.verbose = c.Log.Enabled(context.Background(), slog.LevelDebug)
	s.metrics = newMetrics(s)
	s.stats.reloaded = func() { s.Hub.Publish(live.Counted) }
	s.app = fiber.New(fiber.Config{
		AppName: "ESP Update Server", ErrorHandler: s.fail,
		DisableStartupMessage: true, EnableTrustedProxyCheck: true, UnescapePath: false,
		ReadBufferSize: headerLimit, ReadTimeout: readTimeout, IdleTimeout: idleTimeout, Concurrency: connections(descriptors()),
		StreamRequestBody: true, DisablePreParseMultipartForm: true, BodyLimit: bodyLimit,
	})
	s.app.Use(s.observe, s.compress, s.protect)
	for _, r := range s.routes() {
		s.add(r)
	}
	s.rewrite()
	s.Index.Follow(s.preload)
	s.Writer.Start(s)
	return s.app, nil
}

// add registers a route; one for GET answers HEAD too.
func (s *server) add(r route) {
	chain := []fiber.Handler{s.guard(r), s.bound(r), s.timed(r), r.handle}
	if r.access != nobody {
		chain = slices.Insert(chain, 1, s.settled)
	}
	s.app.Add(r.method, r.path, chain...)
	if r.method == fiber.MethodGet {
		s.app.Add(fiber.MethodHead, r.path, chain...)
	}
}
