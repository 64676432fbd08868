-- +goose Up
-- What the index of the device route was told of changes. A number of the log is given out in the transaction that makes
-- the change, which holds the row until it ends: so the numbers are in the order in which changes can be seen.
CREATE TABLE index_state (
  seq      BIGINT NOT NULL, -- of the last change
  floor    BIGINT NOT NULL, -- who has read no further than this must read everything anew
  catalog  BIGINT NOT NULL  -- the last change of a platform or of what it offers
);
INSERT INTO index_state (seq, floor, catalog) VALUES (0, 0, 0);

-- The devices that came, went or changed their whitelist with a change.
CREATE TABLE index_changes (
  seq BIGINT NOT NULL,
  mac TEXT NOT NULL,
  PRIMARY KEY (seq, mac)
);

-- A hash of what the last check-in said and got: one that says and gets the same needs no more than its time.
ALTER TABLE devices ADD COLUMN facts BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE devices DROP COLUMN facts;
DROP TABLE index_changes;
DROP TABLE index_state;
