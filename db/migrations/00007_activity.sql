-- +goose Up
-- What people changed.
CREATE TABLE activity (
  id       TEXT PRIMARY KEY, -- in the order of time
  at       TIMESTAMP NOT NULL,
  user_id  TEXT NOT NULL,    -- no reference: what a user did stays when they go
  author   TEXT NOT NULL,    -- an e-mail address, or what else acted; '' for a stranger
  token    TEXT NOT NULL,
  ip       TEXT NOT NULL,
  action   TEXT NOT NULL,
  kind     TEXT NOT NULL,
  subject  TEXT NOT NULL,    -- the key of what was changed; '' for several devices
  devices  BIGINT NOT NULL,
  selected TEXT NOT NULL,
  changes  TEXT NOT NULL,    -- JSON
  search   TEXT NOT NULL,    -- what is searched, in lower case
  fold     TEXT NOT NULL     -- what it repeats for a while without an entry of its own; '' for nothing
);
CREATE INDEX activity_kind ON activity (kind, id);
CREATE INDEX activity_author ON activity (author, id);
CREATE INDEX activity_user ON activity (user_id, id);
CREATE INDEX activity_fold ON activity (fold, id) WHERE fold <> '';

-- The devices that an entry is about. They are kept before the entry, which tells how many changed.
CREATE TABLE activity_devices (
  activity        TEXT NOT NULL REFERENCES activity (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  mac             TEXT NOT NULL,
  platform_before TEXT NOT NULL DEFAULT '',
  platform_after  TEXT NOT NULL DEFAULT '',
  notes_before    TEXT NOT NULL DEFAULT '',
  notes_after     TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (activity, mac)
);
CREATE INDEX activity_devices_mac ON activity_devices (mac, activity);

-- +goose Down
DROP TABLE activity_devices;
DROP TABLE activity;
