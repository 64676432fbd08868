package db

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/account"
	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
	"esp-update-server/app/original"
)

// MoveIn takes over what a plan says of an installation of the original, all or
// nothing. What somebody changed since it was planned makes it fail. File reads a
// firmware file.
func (d *DB) MoveIn(ctx context.Context, p *original.Plan, file func(name string) ([]byte, error)) error {
	if p.Empty() {
		return nil
	}
	return d.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		for i := range p.Platforms {
			if err := d.Platforms.create(ctx, tx, p.Platforms[i].Name, p.Platforms[i].Notes); err != nil {
				return err
			}
		}
		for i := range p.Releases {
			if err := d.moveRelease(ctx, tx, &p.Releases[i], file); err != nil {
				return err
			}
		}
		if err := d.moveDevices(ctx, tx, p.Devices); err != nil {
			return err
		}
		if err := d.moveUsers(ctx, tx, p.Users); err != nil {
			return err
		}
		return d.engine.tell(ctx, tx, live.Resync)
	})
}

// moveRelease publishes a file with the date and the downloads that it has there.
func (d *DB) moveRelease(ctx context.Context, tx *sqlx.Tx, r *original.Release, file func(string) ([]byte, error)) error {
	p := r.Publication
	data, err := file(r.File)
	if sum := sha256.Sum256(data); err != nil || hex.EncodeToString(sum[:]) != p.Image.SHA256 {
		return fault.New(fault.Conflict, "The file %q changed while it was imported, so nothing was. Import again.", r.File)
	}
	p.Data = data
	if err := d.Releases.publish(ctx, tx, &p); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE releases SET published_at = $3, downloads = $4 WHERE platform = $1 AND filesystem = '' AND version_key = $2`,
		p.Platform, p.Version.Key(), r.PublishedAt.UTC().Truncate(time.Microsecond), r.Downloads)
	return err
}

// movedChunk is how many devices one statement writes. SQLite looks every argument
// up among all others, so that many small statements are the faster ones.
const movedChunk = 50

// moveDevices adds the devices, and permits those which asked here before.
func (d *DB) moveDevices(ctx context.Context, tx *sqlx.Tx, list []fleet.Device) error {
	now := Now()
	lines := make([]fleet.ImportLine, len(list))
	for i := range list {
		lines[i] = fleet.ImportLine{MAC: list[i].MAC, Platform: list[i].Platform}
		if list[i].Platform != "" {
			lines[i].Action = fleet.ImportPermit
		}
	}
	id, err := keepImported(ctx, tx, lines, now)
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(list, movedChunk) {
		if err := insertMoved(ctx, tx, chunk, now); err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(lines, movedChunk) {
		if err := importHistory(ctx, tx, chunk, d.authorOf(ctx).Name, now); err != nil {
			return err
		}
	}
	return d.recordDevices(ctx, tx, id, activity.Entry{Action: activity.DevicesMovedIn, Selected: "all of the installation"}, keptChanged)
}

func insertMoved(ctx context.Context, tx *sqlx.Tx, list []fleet.Device, now time.Time) error {
	const columns = 12
	args := make([]any, 0, columns*len(list))
	for i := range list {
		m := &list[i]
		var platform any
		if m.Platform != "" {
			platform = m.Platform
		}
		args = append(args, m.MAC, platform, m.Notes, strings.ToLower(m.Notes), now, m.FirstSeen, m.LastSeen, m.Version, m.VersionKey, m.RequestedPlatform, m.IP, ipKey(m.IP))
	}
	_, err := tx.ExecContext(ctx, tx.Rebind(`
INSERT INTO devices (mac, platform, notes, notes_lower, created_at, first_seen, last_seen, version, version_key, requested_platform, ip, ip_key)
VALUES `+tuples(len(list), columns)+`
ON CONFLICT (mac) DO UPDATE SET platform = COALESCE(devices.platform, excluded.platform), ignored_platform = NULL,
  notes = CASE WHEN devices.notes = '' THEN excluded.notes ELSE devices.notes END,
  notes_lower = CASE WHEN devices.notes = '' THEN excluded.notes_lower ELSE devices.notes_lower END`), args...)
	return unknownPlatform(err, "of that name any more")
}

// moveUsers adds the people. With an admin among them nobody needs the link that
// would make a first one.
func (d *DB) moveUsers(ctx context.Context, tx *sqlx.Tx, list []account.User) error {
	for i := range list {
		u := &list[i]
		if err := createUser(ctx, tx, u); err != nil {
			return err
		}
		if err := d.recordText(ctx, tx, activity.UserImported, u.Email, "role", "", string(u.Role)); err != nil {
			return err
		}
		if u.Role == account.Admin && u.PasswordHash != "" {
			if _, err := tx.ExecContext(ctx, `DELETE FROM links WHERE kind = $1`, account.SetupLink); err != nil {
				return err
			}
		}
	}
	return nil
}
