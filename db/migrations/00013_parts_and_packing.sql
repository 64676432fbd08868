-- +goose Up
-- What devices that fetch an image in parts are held to until they have all of it.
CREATE TABLE pins (
  mac       TEXT PRIMARY KEY,
  platform  TEXT NOT NULL REFERENCES platforms (name) ON UPDATE CASCADE ON DELETE CASCADE,
  version   TEXT NOT NULL, -- of the release
  sha256    TEXT NOT NULL, -- of its image, which may be pruned
  stage     TEXT NOT NULL, -- sized, begun or taken
  since     TIMESTAMP NOT NULL,
  last_used TIMESTAMP NOT NULL -- to the minute or so
);
CREATE INDEX pins_last_used ON pins (last_used);

-- Bytes of the image compressed, for boards that have no room for it as it is; 0 when not known, -1 when it must not be.
ALTER TABLE release_images ADD COLUMN packed_size BIGINT NOT NULL DEFAULT 0;
-- Whether a board can unpack an image.
ALTER TABLE devices ADD COLUMN inflates BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE removed_devices ADD COLUMN inflates BOOLEAN NOT NULL DEFAULT FALSE;
-- Who got which release compressed.
CREATE INDEX history_compressed ON history (platform, version, mac) WHERE event IN ('offered', 'downloaded') AND detail = 'compressed';

-- +goose Down
DROP INDEX history_compressed;
ALTER TABLE removed_devices DROP COLUMN inflates;
ALTER TABLE devices DROP COLUMN inflates;
ALTER TABLE release_images DROP COLUMN packed_size;
DROP TABLE pins;
