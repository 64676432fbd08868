-- +goose Up
-- What happened to devices: changes alone, not every check-in.
CREATE TABLE history (
  mac          TEXT NOT NULL,
  at           TIMESTAMP NOT NULL,
  event        TEXT NOT NULL,
  platform     TEXT NOT NULL DEFAULT '',
  version      TEXT NOT NULL DEFAULT '',
  from_version TEXT NOT NULL DEFAULT '',
  detail       TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (mac, at, event)
);
CREATE INDEX history_at ON history (at);

CREATE TABLE checkin_minutes (
  minute TIMESTAMP PRIMARY KEY,
  count  BIGINT NOT NULL
);

-- How many devices of a platform ran which version, day by day.
CREATE TABLE adoption (
  platform    TEXT NOT NULL REFERENCES platforms (name) ON UPDATE CASCADE ON DELETE CASCADE,
  day         TEXT NOT NULL, -- 2026-01-31, in UTC
  version     TEXT NOT NULL,
  version_key TEXT NOT NULL,
  devices     BIGINT NOT NULL,
  PRIMARY KEY (platform, day, version)
);

-- What a person said of a file that does not say it itself.
ALTER TABLE drafts ADD COLUMN platform TEXT NOT NULL DEFAULT '';
ALTER TABLE drafts ADD COLUMN version TEXT NOT NULL DEFAULT '';
ALTER TABLE drafts ADD COLUMN accept TEXT NOT NULL DEFAULT ''; -- codes, separated by spaces

-- +goose Down
ALTER TABLE drafts DROP COLUMN accept;
ALTER TABLE drafts DROP COLUMN version;
ALTER TABLE drafts DROP COLUMN platform;
DROP TABLE adoption;
DROP TABLE checkin_minutes;
DROP TABLE history;
