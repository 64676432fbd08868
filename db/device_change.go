package db

import (
	"context"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

// Change applies to a device, which it creates when there is none, and reports
// whether it did. A platform that does not exist is a fault of that field.
func (s *Devices) Change(ctx context.Context, mac fleet.MAC, c fleet.DeviceChange) (created bool, err error) {
	err = s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		now := Now()
		created, err = changed(tx.ExecContext(ctx,
			`INSERT INTO devices (mac, created_at) VALUES ($1, $2) ON CONFLICT (mac) DO NOTHING`, mac, now))
		if err != nil {
			return err
		}
		if created {
			return s.applyToNew(ctx, tx, mac, c, now)
		}
		return s.applyChange(ctx, tx, mac, c, now)
	})
	return created, err
}

// Edit applies a change to a device that exists, or says fault.NotFound. When
// somebody changed it after the person saw it, nothing is done: fault.Conflict.
func (s *Devices) Edit(ctx context.Context, mac fleet.MAC, c fleet.DeviceChange) error {
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		var is fleet.DeviceWas
		err := tx.GetContext(ctx, &is, `SELECT COALESCE(platform, '') AS platform, notes FROM devices WHERE mac = $1`, mac)
		if none(err) {
			return noDevice(mac)
		}
		if err != nil {
			return err
		}
		is.Notes = fleet.UnixLines(is.Notes)
		if c.Was != nil && *c.Was != is {
			return stale(c.Was, &is)
		}
		return s.applyChange(ctx, tx, mac, c, Now())
	})
}

// stale says what somebody else changed of a device meanwhile.
func stale(was, is *fleet.DeviceWas) error {
	var what []string
	if was.Platform != is.Platform {
		what = append(what, "the platform is "+orNone(is.Platform)+" (it was "+orNone(was.Platform)+")")
	}
	if was.Notes != is.Notes {
		what = append(what, "the notes are “"+fleet.Isolated(fleet.Cut(is.Notes, 100))+"” (they were “"+fleet.Isolated(fleet.Cut(was.Notes, 100))+"”)")
	}
	return fault.New(fault.Conflict, "Somebody else changed it meanwhile: now %s. Save again to put yours in its place.", strings.Join(what, ", and "))
}

func orNone(platform string) string {
	if platform == "" {
		return "none"
	}
	return platform
}

// Add permits a device on a platform. One that is on another whitelist is left
// there, with fault.Conflict, unless it is to move.
func (s *Devices) Add(ctx context.Context, mac fleet.MAC, platform, notes, by string, move bool) error {
	return s.db.inIndexTx(ctx, func(tx *sqlx.Tx) error {
		var on string
		now := Now()
		err := tx.GetContext(ctx, &on, `SELECT COALESCE(platform, '') FROM devices WHERE mac = $1`, mac)
		if none(err) {
			_, err = tx.ExecContext(ctx, `INSERT INTO devices (mac, created_at) VALUES ($1, $2)`, mac, now)
		}
		if err != nil {
			return err
		}
		if on != "" && on != platform && !move {
			f := fault.Field("mac", "Device %s is on the whitelist of %s already.", mac, on)
			f.Kind = fault.Conflict
			return f
		}
		c := fleet.DeviceChange{Platform: &platform, By: by}
		if notes != "" {
			c.Notes = &notes
		}
		return s.applyChange(ctx, tx, mac, c, now)
	})
}

// applyToNew is applyChange to a device that was added just now, which is told
// also when nothing else is said of it.
func (s *Devices) applyToNew(ctx context.Context, tx *sqlx.Tx, mac fleet.MAC, c fleet.DeviceChange, now time.Time) error {
	if c.Platform == nil || *c.Platform == "" {
		if err := s.db.record(ctx, tx, activity.Entry{Action: activity.DeviceAdded, Subject: string(mac), Devices: 1}); err != nil {
			return err
		}
	}
	return s.applyChange(ctx, tx, mac, c, now)
}

func (s *Devices) applyChange(ctx context.Context, tx *sqlx.Tx, mac fleet.MAC, c fleet.DeviceChange, now time.Time) error {
	id, err := keepDevice(ctx, tx, mac)
	if err != nil {
		return err
	}
	if err := setDevice(ctx, tx, mac, c, now); err != nil {
		return err
	}
	return s.db.recordDevices(ctx, tx, id, activity.Entry{Action: activity.DevicePermitted}, keptChanged)
}

func setDevice(ctx context.Context, tx *sqlx.Tx, mac fleet.MAC, c fleet.DeviceChange, now time.Time) error {
	if c.Notes != nil {
		if _, err := tx.ExecContext(ctx, `UPDATE devices SET notes = $2, notes_lower = $3 WHERE mac = $1`,
			mac, *c.Notes, strings.ToLower(*c.Notes)); err != nil {
			return err
		}
	}
	if c.Platform == nil {
		return nil
	}
	was := new(string)
	if err := tx.GetContext(ctx, was, `SELECT COALESCE(platform, '') FROM devices WHERE mac = $1`, mac); err != nil || *was == *c.Platform {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE devices SET platform = NULLIF($2, ''), ignored_platform = NULL WHERE mac = $1`, mac, *c.Platform); err != nil {
		return unknownPlatform(err, *c.Platform)
	}
	h := fleet.Happening{MAC: mac, At: now, Event: fleet.Permitted, Platform: *c.Platform, Detail: c.By}
	if *c.Platform == "" {
		h.Event, h.Platform = fleet.Revoked, *was
	}
	return addHistory(ctx, tx, []fleet.Happening{h})
}

// unknownPlatform makes the error of a write that refers to a platform a fault
// when there is no such platform.
func unknownPlatform(err error, platform string) error {
	if isMissingReference(err) {
		return fault.Field("platform", "There is no platform %s.", fleet.Cut(platform, fleet.MaxReported))
	}
	return err
}
