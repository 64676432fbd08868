package handlers

import (
	"context"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"
)

// backupTime is how long a backup may take to be made.
const backupTime = 10 * time.Minute

// dataSizes is what the database takes, in bytes.
type dataSizes struct{ Database, Images int64 }

// dataSizes is looked up now and then: it changes slowly.
func (s *server) dataSizes(ctx context.Context) (dataSizes, error) {
	return s.sizes.get(ctx, time.Time{}, func(ctx context.Context) (v dataSizes, err error) {
		v.Database, v.Images, err = s.Backups.Sizes(ctx)
		return v, err
	})
}

type backupNew struct {
	page
	Errors problems
}

// newBackup handles GET /backup/new.
func (s *server) newBackup(c *fiber.Ctx) error { return s.backupPage(c, nil) }

func (s *server) backupPage(c *fiber.Ctx, err error) error {
	wrong, err := blame(c, err, proofFields...)
	if err != nil {
		return err
	}
	return s.page(c, "backup/new", &backupNew{page: page{Title: "Backup"}, Errors: wrong})
}

// createBackup handles POST /backup: everything in one file, for who proves anew
// who they are, since it holds what lets one in as anybody. It is made first and
// sent then, so that what is sent is whole.
func (s *server) createBackup(c *fiber.Ctx) error {
	if err := s.proveAll(c); err != nil {
		return s.backupPage(c, err)
	}
	ctx, cancel := context.WithTimeout(c.UserContext(), backupTime)
	defer cancel()
	file, size, err := s.Backups.Open(ctx)
	if err != nil {
		return err
	}
	s.did(c, "backup made", "size", size)
	c.Set(fiber.HeaderContentType, "application/vnd.sqlite3")
	c.Set(fiber.HeaderContentDisposition, fmt.Sprintf("attachment; filename=%q", "esp-update-server-"+time.Now().UTC().Format("2006-01-02-150405")+".backup"))
	c.Context().SetBodyStream(file, int(size))
	return nil
}
