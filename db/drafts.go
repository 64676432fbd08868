package db

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
	"esp-update-server/app/release"
)

// Drafts keeps inspected files that wait to be published.
type Drafts struct{ db *DB }

type draftRow struct {
	ID         string
	UserID     string `db:"user_id"`
	SHA256     string
	Data       []byte
	Inspection string
	Platform   string
	Version    string
	Accept     string
	Install    bool
	CreatedAt  time.Time `db:"created_at"`
}

// Save keeps a draft, and of its user's drafts only the newest ones.
func (s *Drafts) Save(ctx context.Context, d *release.Draft) error {
	inspection, err := json.Marshal(d.Inspection)
	if err != nil {
		return err
	}
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		digest := d.Digest()
		if err := saveImage(ctx, tx, digest, d.Data); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO drafts (id, user_id, sha256, inspection, platform, version, accept, install, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			d.ID, d.UserID, digest, string(inspection), d.Platform, d.Version, strings.Join(d.Accept, " "), d.Install, Now()); err != nil {
			return err
		}
		return dropOldDrafts(ctx, tx, d.UserID)
	})
}

// dropOldDrafts removes what is over a user's bound or over its time. What a clock
// that was wrong dates ahead goes first: else it would stay, and what is dropped
// now would go at once.
func dropOldDrafts(ctx context.Context, tx *sqlx.Tx, user string) error {
	now := Now()
	if _, err := tx.ExecContext(ctx, `
DELETE FROM drafts WHERE created_at < $3 OR (user_id = $1 AND id NOT IN (
  SELECT id FROM drafts WHERE user_id = $1 ORDER BY created_at > $4, created_at DESC, id LIMIT $2))`,
		user, release.MaxDrafts, now.Add(-release.DraftLifetime), now); err != nil {
		return err
	}
	return dropUnusedImages(ctx, tx)
}

func (r *draftRow) draft() (*release.Draft, error) {
	d := &release.Draft{
		ID: r.ID, UserID: r.UserID, Data: r.Data, Inspection: new(firmware.Inspection), CreatedAt: r.CreatedAt,
		Platform: r.Platform, Version: r.Version, Accept: strings.Fields(r.Accept), Install: r.Install,
	}
	return d, json.Unmarshal([]byte(r.Inspection), d.Inspection)
}

// Find is a user's draft, or fault.NotFound.
func (s *Drafts) Find(ctx context.Context, id, user string) (*release.Draft, error) {
	var row draftRow
	err := s.db.read.GetContext(ctx, &row, `
SELECT d.id, d.user_id, d.sha256, i.data, d.inspection, d.platform, d.version, d.accept, d.install, d.created_at
FROM drafts d JOIN images i ON i.sha256 = d.sha256
WHERE d.id = $1 AND d.user_id = $2 AND d.created_at >= $3`, id, user, Now().Add(-release.DraftLifetime))
	if none(err) {
		return nil, fault.New(fault.NotFound, "This upload is no longer kept: drop the file again.")
	}
	if err != nil {
		return nil, err
	}
	return row.draft()
}

// DropOld drops the drafts of all users that are over their time.
func (s *Drafts) DropOld(ctx context.Context) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error { return dropOldDrafts(ctx, tx, "") })
}

// List is a user's drafts without their data, the newest first.
func (s *Drafts) List(ctx context.Context, user string) ([]release.Draft, error) {
	var rows []draftRow
	err := s.db.read.SelectContext(ctx, &rows, `
SELECT id, user_id, sha256, inspection, platform, version, accept, install, created_at
FROM drafts WHERE user_id = $1 AND created_at >= $2 ORDER BY created_at DESC, id`, user, Now().Add(-release.DraftLifetime))
	if err != nil {
		return nil, err
	}
	list := make([]release.Draft, len(rows))
	for i := range rows {
		d, err := rows[i].draft()
		if err != nil {
			return nil, err
		}
		list[i] = *d
	}
	return list, nil
}

// Delete drops a user's draft.
func (s *Drafts) Delete(ctx context.Context, id, user string) error {
	return s.db.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM drafts WHERE id = $1 AND user_id = $2`, id, user); err != nil {
			return err
		}
		return dropUnusedImages(ctx, tx)
	})
}
