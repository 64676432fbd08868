package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
	"esp-update-server/db"
	"esp-update-server/handlers"
)

// stopTimeout is how long running downloads may take to finish after SIGTERM, and
// saveTimeout until then what is in memory may take to be saved. Heroku kills a
// process 30 seconds after it asked.
const (
	stopTimeout = 25 * time.Second
	saveTimeout = 29 * time.Second
)

type serveCommand struct{}

// Run serves until ctx ends, then lets running requests finish.
func (serveCommand) Run(ctx context.Context, c *config) error {
	unlock, err := c.lockData()
	if err != nil {
		return err
	}
	defer unlock()
	store, err := c.openDB(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	if c.Dyno != "" && c.publicURL == nil {
		c.log.Warn("PUBLIC_URL is not set: links that are made here, such as one for a new password, name an address that only the dyno has; set it to the app's, as in https://example.herokuapp.com")
	}
	if err := c.welcome(ctx, store); err != nil {
		return err
	}
	payloads, err := store.Payloads(ctx)
	if err != nil {
		return err
	}
	defer payloads.Close()
	hub, counter, index := live.NewHub(), &fleet.Counter{}, ota.NewIndex(store.Index)
	writer := fleet.NewWriter(index.Heard, store.Devices, c.log)
	wired := c.wire(store, payloads)
	wired.Hub, wired.CheckIns, wired.Index, wired.Writer = hub, counter, index, writer
	notifier, err := store.Notify(hub, c.log, index.Doubt)
	if err != nil {
		return fmt.Errorf("cannot hear of changes by other processes: %w", err)
	}
	if notifier != nil {
		defer notifier.Close()
		wired.Announce = notifier
	}
	app, err := handlers.New(wired)
	if err != nil {
		return err
	}
	listener, err := c.listen()
	if err != nil {
		return err
	}
	return c.run(ctx, app, listener, &chores{
		store: store, hub: hub, index: index, writer: writer, checkIns: counter, days: int(c.HistoryDays), activity: int(c.ActivityDays), log: c.log,
	})
}

// run answers until ctx ends.
func (c *config) run(ctx context.Context, app *fiber.App, listener net.Listener, beside *chores) error {
	ctx, cancel := context.WithCancel(ctx)
	stopping := time.Now()
	beside.start(ctx)
	defer func() { beside.wait(stopping.Add(saveTimeout)) }()
	defer cancel()
	c.log.Info("serving", "url", c.baseURL(), "version", programVersion())
	ended := make(chan error, 1)
	go func() { ended <- app.Listener(listener) }()
	select {
	case err := <-ended:
		stopping = time.Now()
		return err
	case <-ctx.Done():
		stopping = time.Now()
	}
	beside.hub.Close() // or open pages would hold the server up
	return c.stop(app)
}

func (c *config) listen() (net.Listener, error) {
	listener, err := handlers.Listen(c.address(), c.log)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d is taken by another program: stop it, or set PORT to another port", c.Port)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", c.address(), err)
	}
	if c.cert != nil {
		return c.cert.encrypt(listener), nil
	}
	return listener, nil
}

// stop takes no more connections and lets running downloads finish.
func (c *config) stop(app *fiber.App) error {
	c.log.Info("stopping: running downloads may finish", "within", stopTimeout)
	err := app.ShutdownWithTimeout(stopTimeout)
	if errors.Is(err, context.DeadlineExceeded) {
		c.log.Warn("some downloads did not finish and are cut off")
		return nil
	}
	return err
}

func (c *config) wire(store *db.DB, payloads db.Payloads) handlers.Config {
	return handlers.Config{
		Platforms: store.Platforms, Devices: store.Devices, Releases: store.Releases, Drafts: store.Drafts, History: store.History,
		Users: store.Users, Sessions: store.Sessions, Tokens: store.Tokens, Links: store.Links,
		Factors: store.Factors, Throttles: store.Throttles, Backups: store.Backups, Activity: store.Activity, Pins: store.Pins,
		Payloads: payloads, IsAway: db.IsAway,
		Publisher: &release.Publisher{Store: store.Releases, MaxSize: int64(c.MaxFirmware), Keep: int(c.KeepReleases)},
		PublicURL: c.publicURL, LocalURL: c.baseURL(), TrustedProxies: c.proxies, SignupOpen: c.Signup == "open",
		MaxWaiting: account.MaxWaiting, AdminEmail: c.AdminEmail,
		MaxFirmware: int64(c.MaxFirmware), MaxNewDevices: int(c.MaxNewDevices), ImageCache: int64(c.ImageCache),
		Version: programVersion(), Log: c.log,
	}
}

// welcome makes sure that somebody can get in: the admin of the settings, or
// whoever reads the set-up link in the log.
func (c *config) welcome(ctx context.Context, store *db.DB) error {
	if c.AdminEmail != "" || c.AdminPassword != "" {
		return c.ensureAdmin(ctx, store)
	}
	admin, err := store.Users.AnyAdmin(ctx)
	if err != nil || admin {
		return err
	}
	secret := account.NewSecret()
	if err := store.Links.Create(ctx, account.HashSecret(secret), account.SetupLink, "", setupLifetime); err != nil {
		return err
	}
	c.log.Info("nobody can sign in yet: open this link to create the first admin", "link", c.baseURL()+"/setup?token="+secret)
	return nil
}

// setupLifetime is long: a new link is made at each start while there is no admin.
const setupLifetime = 30 * 24 * time.Hour
