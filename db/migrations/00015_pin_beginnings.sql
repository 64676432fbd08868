-- +goose Up
-- How often the image of a pin was begun, since who begins it again and again is held to it no more.
ALTER TABLE pins ADD COLUMN beginnings BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE pins DROP COLUMN beginnings;
