-- +goose Up
CREATE TABLE platforms (
  name        TEXT PRIMARY KEY,
  notes       TEXT NOT NULL DEFAULT '',
  created_at  TIMESTAMP NOT NULL,
  -- The highest version ever published, withdrawn and pruned ones included.
  top_version TEXT NOT NULL DEFAULT '',
  top_key     TEXT NOT NULL DEFAULT '',
  -- The version key of the release that devices are offered; '' for none.
  offered_key TEXT NOT NULL DEFAULT ''
);

CREATE TABLE images (
  sha256     TEXT PRIMARY KEY,
  size       BIGINT NOT NULL,
  data       BYTEA NOT NULL,
  created_at TIMESTAMP NOT NULL
);

CREATE TABLE releases (
  platform     TEXT NOT NULL REFERENCES platforms (name) ON UPDATE CASCADE ON DELETE CASCADE,
  version_key  TEXT NOT NULL,
  version      TEXT NOT NULL,
  published_at TIMESTAMP NOT NULL,
  published_by TEXT NOT NULL,
  downloads    BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (platform, version_key)
);

-- A release can be more than one image: one for each chip.
CREATE TABLE release_images (
  platform    TEXT NOT NULL,
  version_key TEXT NOT NULL,
  sha256      TEXT NOT NULL REFERENCES images (sha256),
  md5         TEXT NOT NULL,
  chip        TEXT NOT NULL,
  family      TEXT NOT NULL,
  running     TEXT NOT NULL, -- what a board that runs it says as its sketch-md5, separated by spaces
  appended    TEXT NOT NULL, -- and as its sketch-sha256
  inspection  TEXT NOT NULL, -- JSON
  PRIMARY KEY (platform, version_key, sha256),
  FOREIGN KEY (platform, version_key) REFERENCES releases (platform, version_key) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX release_images_sha256 ON release_images (sha256);

CREATE TABLE devices (
  mac                TEXT PRIMARY KEY,
  platform           TEXT REFERENCES platforms (name) ON UPDATE CASCADE ON DELETE SET NULL,
  notes              TEXT NOT NULL DEFAULT '',
  created_at         TIMESTAMP NOT NULL,
  first_seen         TIMESTAMP,
  last_seen          TIMESTAMP,
  version            TEXT NOT NULL DEFAULT '',
  version_key        TEXT NOT NULL DEFAULT '',
  requested_platform TEXT NOT NULL DEFAULT '',
  ip                 TEXT NOT NULL DEFAULT '',
  answer             TEXT NOT NULL DEFAULT '',
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
CREATE INDEX devices_platform ON devices (platform, mac);
CREATE INDEX devices_last_seen ON devices (last_seen);

CREATE TABLE users (
  id            TEXT PRIMARY KEY,
  email         TEXT NOT NULL UNIQUE,
  name          TEXT NOT NULL DEFAULT '',
  password_hash TEXT NOT NULL DEFAULT '',
  role          TEXT NOT NULL,
  was_admin     BOOLEAN NOT NULL,
  created_at    TIMESTAMP NOT NULL,
  last_sign_in  TIMESTAMP
);

-- The authority on who is signed in; what a session carries beside that lies
-- in session_payloads.
CREATE TABLE sessions (
  hash       TEXT PRIMARY KEY,
  user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  agent      TEXT NOT NULL,
  ip         TEXT NOT NULL,
  created_at TIMESTAMP NOT NULL,
  last_used  TIMESTAMP NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

-- In the form that gofiber/storage/postgres wants.
CREATE TABLE session_payloads (
  k VARCHAR(64) PRIMARY KEY NOT NULL DEFAULT '',
  v BYTEA NOT NULL,
  e BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX session_payloads_e ON session_payloads (e);

CREATE TABLE tokens (
  hash       TEXT PRIMARY KEY,
  user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  scope      TEXT NOT NULL,
  created_at TIMESTAMP NOT NULL,
  last_used  TIMESTAMP,
  expires_at TIMESTAMP
);
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE links (
  hash       TEXT PRIMARY KEY,
  kind       TEXT NOT NULL,
  user_id    TEXT REFERENCES users (id) ON DELETE CASCADE,
  expires_at TIMESTAMP NOT NULL
);

CREATE TABLE drafts (
  id         TEXT PRIMARY KEY,
  user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  sha256     TEXT NOT NULL REFERENCES images (sha256),
  inspection TEXT NOT NULL, -- JSON
  created_at TIMESTAMP NOT NULL
);
CREATE INDEX drafts_user ON drafts (user_id, created_at);
CREATE INDEX drafts_sha256 ON drafts (sha256);

-- +goose Down
DROP TABLE drafts;
DROP TABLE links;
DROP TABLE tokens;
DROP TABLE session_payloads;
DROP TABLE sessions;
DROP TABLE users;
DROP TABLE devices;
DROP TABLE release_images;
DROP TABLE releases;
DROP TABLE images;
DROP TABLE platforms;
