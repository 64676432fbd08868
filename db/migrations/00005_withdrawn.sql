-- +goose Up
-- When a release was withdrawn: it is passed over when a later one is, too.
ALTER TABLE releases ADD COLUMN withdrawn_at TIMESTAMP;

-- +goose Down
ALTER TABLE releases DROP COLUMN withdrawn_at;
