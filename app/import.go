package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/dustin/go-humanize"

	"esp-update-server/app/account"
	"esp-update-server/app/activity"
	"esp-update-server/app/original"
	"esp-update-server/db"
)

type importCommand struct {
	Path   string `arg:"" name:"PATH" help:"Its folder (bin), or the db.sqlite or platforms.yml in it."`
	DryRun bool   `help:"Say what would be done, and do nothing."`
}

// Help says what is taken over.
func (importCommand) Help() string {
	return `Takes over platforms, whitelists, devices with their notes, versions and dates, firmware with its downloads, and users from M. van Noord's server (a folder with db.sqlite and firmware files) or from K. Stobbe's (platforms.yml and files). Neither is changed.

What is here already stays as it is, so that it can be run again. Every firmware file is inspected as an upload is, and left out with the reason when no board should get it. Admins stay admins and keep their passwords; all other users wait for an admin. All that is to be imported is, or nothing.

Boards notice nothing when this server then answers under the address of the old one.`
}

// Run takes over an installation of the original, with the server running or not.
func (i importCommand) Run(ctx context.Context, c *config, out io.Writer) error {
	from, err := findInstallation(i.Path, int64(c.MaxFirmware))
	if err != nil {
		return err
	}
	defer from.Close()
	in, err := from.read(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", from.path, err)
	}
	fmt.Fprintf(out, "%s has %s, %s and %s.\n", from.path, many(len(in.Platforms), "platform"), many(len(in.Devices), "device"), many(len(in.Users), "user"))
	store, closeStore, err := i.open(ctx, c)
	if err != nil {
		return err
	}
	defer closeStore()
	plan, err := c.plan(ctx, store, from, in)
	if err != nil {
		return err
	}
	for _, line := range plan.Lines {
		fmt.Fprintln(out, line)
	}
	if !i.DryRun {
		if err := store.MoveIn(ctx, plan, from.file); err != nil {
			return fmt.Errorf("nothing was imported: %w", err)
		}
	}
	return i.conclude(ctx, store, plan, out)
}

// open opens the database. A dry run makes none where there is none.
func (i importCommand) open(ctx context.Context, c *config) (store *db.DB, closeStore func(), err error) {
	if !i.DryRun || c.where().Exists() {
		if store, err = c.openDB(ctx); err != nil {
			return nil, nil, err
		}
		return store, store.Close, nil
	}
	dir, err := os.MkdirTemp("", "esp-import-")
	if err != nil {
		return nil, nil, err
	}
	if store, err = db.Open(ctx, db.Config{Dir: dir}); err != nil {
		_ = os.RemoveAll(dir)
		return nil, nil, err
	}
	return store, func() { store.Close(); _ = os.RemoveAll(dir) }, nil
}

// plan decides what is to be taken over, with the bounds of the settings.
func (c *config) plan(ctx context.Context, store *db.DB, from *installation, in *original.Installation) (*original.Plan, error) {
	planner := original.Planner{
		Releases: store.Releases, Devices: store.Devices, Users: store.Users, File: from.file, By: activity.CommandLine.Name,
		MaxSize: int64(c.MaxFirmware), Keep: int(c.KeepReleases), MaxNew: int(c.MaxNewDevices), MaxWaiting: account.MaxWaiting, Now: db.Now(),
	}
	return planner.Plan(ctx, in)
}

// conclude says what was done, or would be.
func (i importCommand) conclude(ctx context.Context, store *db.DB, plan *original.Plan, out io.Writer) error {
	what := fmt.Sprintf("%s, %s, %s and %s", many(len(plan.Platforms), "platform"), many(len(plan.Releases), "release"),
		many(len(plan.Devices), "device"), many(len(plan.Users), "user"))
	switch {
	case plan.Empty():
		what = "Nothing to import: what can be taken over is here already."
	case i.DryRun:
		what = "Nothing was changed. Without --dry-run this imports " + what + "."
	default:
		what = "Imported " + what + "."
	}
	if n := plan.Count(original.LeftOut); n > 0 {
		what += fmt.Sprintf(" Left out: %d, for the reasons above.", n)
	}
	if _, err := fmt.Fprintln(out, what); err != nil || i.DryRun {
		return err
	}
	admin, err := store.Users.AnyAdmin(ctx)
	if err == nil && !admin {
		_, err = fmt.Fprintln(out, "There is no admin yet: start the server, and open the link that it logs.")
	}
	return err
}

func many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return humanize.Comma(int64(n)) + " " + what + "s"
}
