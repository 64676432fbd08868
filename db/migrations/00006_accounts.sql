-- +goose Up
ALTER TABLE sessions ADD COLUMN remember BOOLEAN NOT NULL DEFAULT TRUE;
-- What its user was allowed when it began; it gets a new id when that rises.
ALTER TABLE sessions ADD COLUMN role TEXT NOT NULL DEFAULT '';

-- Its last step is the newest time step of which a code was used: none works twice.
CREATE TABLE second_factors (
  user_id   TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  secret    TEXT NOT NULL,
  confirmed BOOLEAN NOT NULL,
  last_step BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE recovery_codes (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  hash    TEXT NOT NULL,
  PRIMARY KEY (user_id, hash)
);

-- Sign-ins with a right password that wait for a code.
CREATE TABLE challenges (
  hash       TEXT PRIMARY KEY,
  user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  remember   BOOLEAN NOT NULL,
  attempts   BIGINT NOT NULL DEFAULT 0,
  expires_at TIMESTAMP NOT NULL
);
CREATE INDEX challenges_user ON challenges (user_id);

-- How often something was tried lately, and until when it must rest. Times are
-- Unix milliseconds, since the engines reckon with others in different ways.
CREATE TABLE throttles (
  key     TEXT PRIMARY KEY, -- a hash: nobody's address lies here
  tries   BIGINT NOT NULL,
  tried   BIGINT NOT NULL,
  resting BIGINT NOT NULL
);
CREATE INDEX throttles_tried ON throttles (tried);

-- Where people signed in from lately: others' guesses do not hold them up there.
CREATE TABLE known_addresses (
  key  TEXT PRIMARY KEY, -- a hash of the account and the address
  seen BIGINT NOT NULL   -- as in throttles
);
CREATE INDEX known_addresses_seen ON known_addresses (seen);

-- A row of it is written by those who must not act at once.
CREATE TABLE locks (name TEXT PRIMARY KEY);

-- +goose Down
DROP TABLE locks;
DROP TABLE known_addresses;
DROP TABLE throttles;
DROP TABLE challenges;
DROP TABLE recovery_codes;
DROP TABLE second_factors;
ALTER TABLE sessions DROP COLUMN role;
ALTER TABLE sessions DROP COLUMN remember;
