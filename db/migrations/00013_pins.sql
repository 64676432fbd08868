-- +goose Up
-- What devices that fetch an image in parts are held to until they have all of it.
CREATE TABLE pins (
  mac       TEXT PRIMARY KEY,
  platform  TEXT NOT NULL REFERENCES platforms (name) ON UPDATE CASCADE ON DELETE CASCADE,
  version   TEXT NOT NULL, -- of the release
  sha256    TEXT NOT NULL, -- of its image; that may be pruned
  stage     TEXT NOT NULL, -- sized, begun or taken
  since     TIMESTAMP NOT NULL,
  last_used TIMESTAMP NOT NULL -- to the minute or so
);
CREATE INDEX pins_last_used ON pins (last_used);

-- +goose Down
DROP TABLE pins;
