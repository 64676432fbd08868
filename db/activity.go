package db

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/activity"
	"esp-update-server/app/fault"
)

// record keeps what the author of a context changed, in the transaction that
// changes it. A change that nobody made is a bug: it fails, and the change with it.
func (d *DB) record(ctx context.Context, tx *sqlx.Tx, e activity.Entry) error {
	return d.recordOnce(ctx, tx, e, "", 0)
}

// recordText is record for one property. One that stayed as it was is nothing to
// tell.
func (d *DB) recordText(ctx context.Context, tx *sqlx.Tx, action activity.Action, subject, field, before, after string) error {
	changes := activity.Between(field, before, after)
	if changes == nil {
		return nil
	}
	return d.record(ctx, tx, activity.Entry{Action: action, Subject: subject, Changes: changes})
}

// recordOnce is record, unless the same was kept within a while. Of those who wait
// for an admin only so much is kept, and what they can do without is refused then.
func (d *DB) recordOnce(ctx context.Context, tx *sqlx.Tx, e activity.Entry, fold string, within time.Duration) error {
	if e.Author = d.authorOf(ctx); e.Author.Name == "" {
		return fmt.Errorf("nobody is named who did this: %s %s", e.Action, e.Subject)
	}
	e.At = Now()
	if told, err := isFolded(ctx, tx, fold, e.At.Add(-within)); err != nil || told {
		return err
	}
	if e.Author.Waits {
		if err := bounded(ctx, tx, &e); fault.Is(err, fault.TooMany) && e.Action.Secures() {
			return nil
		} else if err != nil {
			return err
		}
	}
	return insertActivity(ctx, tx, &e, fold)
}

// authorOf is who acts in a context.
func (d *DB) authorOf(ctx context.Context) activity.Author {
	if a := activity.AuthorOf(ctx); a.Name != "" {
		return a
	}
	return d.author
}

func isFolded(ctx context.Context, tx *sqlx.Tx, fold string, since time.Time) (bool, error) {
	if fold == "" {
		return false, nil
	}
	var n int
	err := tx.GetContext(ctx, &n, `SELECT COUNT(*) FROM activity WHERE fold = $1 AND fold <> '' AND id >= $2`, fold, activity.IDAt(since))
	return n > 0, err
}

// bounded lets those who wait for an admin change only so much in a day: anybody
// may be one of them, and what they do must not push out what others did.
func bounded(ctx context.Context, tx *sqlx.Tx, e *activity.Entry) error {
	var n int
	err := tx.GetContext(ctx, &n, `SELECT COUNT(*) FROM activity WHERE user_id = $1 AND id >= $2`,
		e.Author.UserID, activity.IDAt(e.At.AddDate(0, 0, -1)))
	if err == nil && n >= activity.MaxOfWaiting {
		err = fault.New(fault.TooMany, "You changed something %d times within a day, and more is not allowed until an admin lets you in.", n)
	}
	return err
}

// insertActivity keeps an entry under its key, or under a new one.
func insertActivity(ctx context.Context, tx *sqlx.Tx, e *activity.Entry, fold string) error {
	if e.ID == "" {
		e.ID = activity.NewID(e.At)
	}
	if e.Changes == nil {
		e.Changes = []activity.Change{}
	}
	changes, err := json.Marshal(e.Changes)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
INSERT INTO activity (id, at, user_id, author, token, ip, action, kind, subject, devices, selected, changes, search, fold)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		e.ID, e.At, e.Author.UserID, e.Author.Name, e.Author.Token, e.Author.IP, e.Action, e.Action.Kind(), e.Subject, e.Devices,
		e.Selected, string(changes), e.SearchText(), fold)
	return err
}

// RefuseSignIn keeps that somebody tried in vain to sign in as a user, or, when
// the address is "", as one who does not exist. Tries from one network are told
// once in a while, and of all only so many a day.
func (s *Activity) RefuseSignIn(ctx context.Context, email, ip, network string) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		now, fold := Now(), "refused "+email+" "+network
		if told, err := isFolded(ctx, tx, fold, now.Add(-activity.FoldSignIns)); err != nil || told {
			return err
		}
		var n int
		err := tx.GetContext(ctx, &n, `SELECT COUNT(*) FROM activity WHERE kind = $1 AND action = $2 AND id >= $3`,
			activity.SignIns, activity.SignInRefused, activity.IDAt(now.AddDate(0, 0, -1)))
		if err != nil || n >= activity.MaxRefused {
			return err
		}
		e := activity.Entry{At: now, Author: activity.Author{IP: ip}, Action: activity.SignInRefused, Subject: email}
		return insertActivity(ctx, tx, &e, fold)
	})
}

// Prune drops what is older than some days, and what is over the bounds.
func (s *Activity) Prune(ctx context.Context, days int) error {
	return s.prune(ctx, Now().AddDate(0, 0, -days), activity.MaxEntries, activity.MaxDevices)
}

func (s *Activity) prune(ctx context.Context, before time.Time, entries, devices int) error {
	for _, d := range []struct {
		query string
		arg   any
	}{
		{`DELETE FROM activity WHERE id < $1`, activity.IDAt(before)},
		{`DELETE FROM activity WHERE id <= (SELECT id FROM activity ORDER BY id DESC LIMIT 1 OFFSET $1)`, entries},
		{`DELETE FROM activity_devices WHERE activity <= (SELECT activity FROM activity_devices ORDER BY activity DESC LIMIT 1 OFFSET $1)`, devices},
	} {
		if _, err := s.db.exec(ctx, d.query, d.arg); err != nil {
			return err
		}
	}
	return nil
}
