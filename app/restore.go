package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

type restoreCommand struct {
	File string `arg:"" name:"FILE" help:"Backup to read; - for standard input."`
}

// Help says what a restore is for.
func (restoreCommand) Help() string {
	return `Fills an empty database, SQLite in DATA_DIR or Postgres at DATABASE_URL, from a file that backup wrote on either: so it is also the way from SQLite to Postgres. All of it is restored or nothing. People sign in anew with the passwords they have.`
}

// Run fills the empty database of the settings from a backup.
func (r restoreCommand) Run(ctx context.Context, c *config, out io.Writer) error {
	backup := io.Reader(os.Stdin)
	if r.File != stream {
		f, err := os.Open(r.File)
		if err != nil {
			return fmt.Errorf("%s cannot be read: %w", r.File, reason(err))
		}
		defer f.Close()
		backup = f
	}
	store, err := c.openDB(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.Backups.Restore(ctx, backup); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "Everything in the backup is restored. People sign in with the passwords they had.")
	return err
}
