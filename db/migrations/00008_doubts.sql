-- +goose Up
-- The passwords that a platform's devices send: of each the SHA-256 alone, '' for none. The old one is good until an admin
-- retires it.
ALTER TABLE platforms ADD COLUMN password_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE platforms ADD COLUMN password_at TIMESTAMP;
ALTER TABLE platforms ADD COLUMN old_password_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE platforms ADD COLUMN old_password_at TIMESTAMP;
ALTER TABLE platforms ADD COLUMN password_grace BOOLEAN NOT NULL DEFAULT FALSE; -- devices that send none are let in too

-- Which one a device sent last: the start of its hash, 'wrong', or '' for none.
ALTER TABLE devices ADD COLUMN password_key TEXT NOT NULL DEFAULT '';
-- What tells two boards of one MAC apart: what it looked like last and before that, and how often it went back.
ALTER TABLE devices ADD COLUMN board TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN board_before TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN board_returns BIGINT NOT NULL DEFAULT 0;
ALTER TABLE devices ADD COLUMN board_dismissed BOOLEAN NOT NULL DEFAULT FALSE; -- a person wants to hear no more of it
CREATE INDEX devices_twins ON devices (mac) WHERE board_returns > 0 AND NOT board_dismissed AND platform IS NOT NULL;

ALTER TABLE removed_devices ADD COLUMN password_key TEXT NOT NULL DEFAULT '';
ALTER TABLE removed_devices ADD COLUMN board TEXT NOT NULL DEFAULT '';
ALTER TABLE removed_devices ADD COLUMN board_before TEXT NOT NULL DEFAULT '';
ALTER TABLE removed_devices ADD COLUMN board_returns BIGINT NOT NULL DEFAULT 0;
ALTER TABLE removed_devices ADD COLUMN board_dismissed BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
DROP INDEX devices_twins;
ALTER TABLE removed_devices DROP COLUMN board_dismissed;
ALTER TABLE removed_devices DROP COLUMN board_returns;
ALTER TABLE removed_devices DROP COLUMN board_before;
ALTER TABLE removed_devices DROP COLUMN board;
ALTER TABLE removed_devices DROP COLUMN password_key;
ALTER TABLE devices DROP COLUMN board_dismissed;
ALTER TABLE devices DROP COLUMN board_returns;
ALTER TABLE devices DROP COLUMN board_before;
ALTER TABLE devices DROP COLUMN board;
ALTER TABLE devices DROP COLUMN password_key;
ALTER TABLE platforms DROP COLUMN password_grace;
ALTER TABLE platforms DROP COLUMN old_password_at;
ALTER TABLE platforms DROP COLUMN old_password_hash;
ALTER TABLE platforms DROP COLUMN password_at;
ALTER TABLE platforms DROP COLUMN password_hash;
