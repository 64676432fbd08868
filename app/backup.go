package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-isatty"

	"esp-update-server/db"
)

// stream is the name of a file that stands for standard output, or input.
const stream = "-"

type backupCommand struct {
	File string `arg:"" name:"FILE" help:"File to write, which must not exist; - for standard output."`
}

// Help says what a backup holds.
func (backupCommand) Help() string {
	return `The file holds all platforms, releases with their firmware, devices, history and users, as they are at one moment; sessions, uploads that are not published and one-time links stay out. It is the same for SQLite and Postgres, and restore fills either from it.

It also holds password hashes, hashes of API tokens, the secrets of second factors and the notes on devices: keep it as you keep a password. While it is made, copies of the database lie in DATA_DIR, or on Postgres in the folder for temporary files (TMPDIR).`
}

// Run writes a backup, with the server running or not.
func (b backupCommand) Run(ctx context.Context, c *config, out io.Writer) error {
	if f, ok := out.(*os.File); b.File == stream && ok && isatty.IsTerminal(f.Fd()) {
		return errors.New("a backup is no text: name a file, or send the output into one")
	}
	store, err := c.openKept(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	if b.File == stream {
		return sendBackup(ctx, store, out)
	}
	err = store.Backups.Save(ctx, b.File)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already, and no backup is written over anything: name another file", b.File)
	}
	if err != nil {
		return fmt.Errorf("no backup was written to %s: %w", b.File, reason(err))
	}
	info, err := os.Stat(b.File)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s holds everything (%s), password hashes and secrets of second factors too: keep it as you keep a password.\n", b.File, humanize.IBytes(uint64(info.Size()))) // #nosec G115 -- no size is negative
	return err
}

func sendBackup(ctx context.Context, store *db.DB, out io.Writer) error {
	f, _, err := store.Backups.Open(ctx)
	if err != nil {
		return fmt.Errorf("no backup was made: %w", err)
	}
	defer f.Close()
	_, err = io.Copy(out, f)
	return err
}

// openKept opens a database that is there already: of an empty one, made in the
// wrong folder, a backup would be worth nothing.
func (c *config) openKept(ctx context.Context) (*db.DB, error) {
	if !c.where().Exists() {
		return nil, fmt.Errorf("there is no database in DATA_DIR %s: set DATA_DIR or DATABASE_URL as the server has it", absolute(c.DataDir))
	}
	return c.openDB(ctx)
}
