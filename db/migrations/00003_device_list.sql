-- +goose Up
-- The table is made anew: SQLite adds no stored column to one that is there, and Postgres reads the first columns of a
-- row fastest, so that those which filters and searches read come first.
CREATE TABLE devices_listed (
  mac                TEXT PRIMARY KEY,
  platform           TEXT REFERENCES platforms (name) ON UPDATE CASCADE ON DELETE SET NULL,
  version_key        TEXT NOT NULL DEFAULT '',
  answer             TEXT NOT NULL DEFAULT '',
  last_seen          TIMESTAMP,
  -- What is searched, in lower case. It starts with the MAC, so that its order is that of the MACs.
  search             TEXT NOT NULL GENERATED ALWAYS AS (mac || ' ' || COALESCE(platform, '') || ' ' ||
    lower(requested_platform || ' ' || version) || ' ' || ip || ' ' || notes_lower) STORED,
  first_seen         TIMESTAMP,
  -- The orders of the table. A device that never asked comes before all times.
  last_seen_key      TIMESTAMP NOT NULL GENERATED ALWAYS AS (COALESCE(last_seen, '1970-01-01 00:00:00+00:00')) STORED,
  first_seen_key     TIMESTAMP NOT NULL GENERATED ALWAYS AS (COALESCE(first_seen, '1970-01-01 00:00:00+00:00')) STORED,
  notes_key          TEXT NOT NULL GENERATED ALWAYS AS (substr(notes_lower, 1, 40)) STORED,
  ip_key             TEXT NOT NULL DEFAULT '', -- the address in digits that sort as addresses do
  notes_lower        TEXT NOT NULL DEFAULT '', -- SQLite itself knows the lower case of ASCII alone
  notes              TEXT NOT NULL DEFAULT '',
  created_at         TIMESTAMP NOT NULL,
  version            TEXT NOT NULL DEFAULT '',
  requested_platform TEXT NOT NULL DEFAULT '',
  ignored_platform   TEXT, -- what it asked for when a person chose to ignore that; NULL when nobody did
  ip                 TEXT NOT NULL DEFAULT '',
  reason             TEXT NOT NULL DEFAULT '',
  family             TEXT NOT NULL DEFAULT '',
  mode               TEXT NOT NULL DEFAULT '',
  chip_id            TEXT NOT NULL DEFAULT '',
  ap_mac             TEXT NOT NULL DEFAULT '',
  free_space         BIGINT NOT NULL DEFAULT 0,
  sketch_size        BIGINT NOT NULL DEFAULT 0,
  sketch_md5         TEXT NOT NULL DEFAULT '',
  sketch_sha256      TEXT NOT NULL DEFAULT '',
  chip_size          BIGINT NOT NULL DEFAULT 0,
  sdk_version        TEXT NOT NULL DEFAULT '',
  client_version     TEXT NOT NULL DEFAULT '',
  user_agent         TEXT NOT NULL DEFAULT ''
);
INSERT INTO devices_listed (mac, platform, version_key, answer, last_seen, first_seen, notes_lower, notes, created_at, version,
  requested_platform, ip, reason, family, mode, chip_id, ap_mac, free_space, sketch_size, sketch_md5, sketch_sha256, chip_size,
  sdk_version, client_version, user_agent)
SELECT mac, platform, version_key, answer, last_seen, first_seen, lower(notes), notes, created_at, version,
  requested_platform, ip, reason, family, mode, chip_id, ap_mac, free_space, sketch_size, sketch_md5, sketch_sha256, chip_size,
  sdk_version, client_version, user_agent FROM devices;
DROP TABLE devices;
ALTER TABLE devices_listed RENAME TO devices;

-- One for each order of the table.
CREATE INDEX devices_platform ON devices (platform, mac);
CREATE INDEX devices_version ON devices (version_key, mac);
CREATE INDEX devices_last_seen ON devices (last_seen_key, mac);
CREATE INDEX devices_first_seen ON devices (first_seen_key, mac);
CREATE INDEX devices_ip ON devices (ip_key, mac);
CREATE INDEX devices_notes ON devices (notes_key, mac);

-- Searches read this one from end to end, in place of the wide rows.
CREATE INDEX devices_search ON devices (search);
-- And these tell the states apart: what is behind its platform's release, what is silent or waits, what was refused.
CREATE INDEX devices_behind ON devices (platform, version_key, answer, last_seen, mac);
CREATE INDEX devices_silent ON devices (last_seen, platform, mac);
CREATE INDEX devices_refused ON devices (platform, last_seen, mac) WHERE answer = 'refusal';
-- The queue of new devices, in its order.
CREATE INDEX devices_new ON devices (first_seen_key, mac, ignored_platform, requested_platform) WHERE platform IS NULL;

-- What people revoked and forgot a moment ago, so that it can be undone.
CREATE TABLE removals (
  id      TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  kind    TEXT NOT NULL, -- revoked or forgotten
  at      TIMESTAMP NOT NULL
);
CREATE INDEX removals_at ON removals (at);

CREATE TABLE removed_devices (
  removal            TEXT NOT NULL REFERENCES removals (id) ON DELETE CASCADE,
  mac                TEXT NOT NULL,
  platform           TEXT,
  version_key        TEXT NOT NULL,
  answer             TEXT NOT NULL,
  last_seen          TIMESTAMP,
  first_seen         TIMESTAMP,
  ip_key             TEXT NOT NULL,
  notes_lower        TEXT NOT NULL,
  notes              TEXT NOT NULL,
  created_at         TIMESTAMP NOT NULL,
  version            TEXT NOT NULL,
  requested_platform TEXT NOT NULL,
  ignored_platform   TEXT,
  ip                 TEXT NOT NULL,
  reason             TEXT NOT NULL,
  family             TEXT NOT NULL,
  mode               TEXT NOT NULL,
  chip_id            TEXT NOT NULL,
  ap_mac             TEXT NOT NULL,
  free_space         BIGINT NOT NULL,
  sketch_size        BIGINT NOT NULL,
  sketch_md5         TEXT NOT NULL,
  sketch_sha256      TEXT NOT NULL,
  chip_size          BIGINT NOT NULL,
  sdk_version        TEXT NOT NULL,
  client_version     TEXT NOT NULL,
  user_agent         TEXT NOT NULL,
  PRIMARY KEY (removal, mac)
);

-- +goose Down
DROP TABLE removed_devices;
DROP TABLE removals;
DROP INDEX devices_new;
DROP INDEX devices_refused;
DROP INDEX devices_silent;
DROP INDEX devices_behind;
DROP INDEX devices_search;
DROP INDEX devices_notes;
DROP INDEX devices_ip;
DROP INDEX devices_first_seen;
DROP INDEX devices_last_seen;
DROP INDEX devices_version;
ALTER TABLE devices DROP COLUMN search;
ALTER TABLE devices DROP COLUMN last_seen_key;
ALTER TABLE devices DROP COLUMN first_seen_key;
ALTER TABLE devices DROP COLUMN notes_key;
ALTER TABLE devices DROP COLUMN notes_lower;
ALTER TABLE devices DROP COLUMN ignored_platform;
ALTER TABLE devices DROP COLUMN ip_key;
CREATE INDEX devices_last_seen ON devices (last_seen);
