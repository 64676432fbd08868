-- +goose Up
-- What lets clients read a platform's manifest that say no MAC. Of each key there is the SHA-256 alone.
CREATE TABLE manifest_keys (
  hash       TEXT PRIMARY KEY,
  platform   TEXT NOT NULL REFERENCES platforms (name) ON UPDATE CASCADE ON DELETE CASCADE,
  created_at TIMESTAMP NOT NULL,
  created_by TEXT NOT NULL, -- an e-mail address
  last_used  TIMESTAMP      -- to the minute or so
);
CREATE INDEX manifest_keys_platform ON manifest_keys (platform, created_at);

-- +goose Down
DROP TABLE manifest_keys;
