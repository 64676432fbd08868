-- +goose Up
-- The merged file that brings the image to a blank chip, with the flash address of its first byte.
ALTER TABLE release_images ADD COLUMN merged_sha256 TEXT REFERENCES images (sha256);
ALTER TABLE release_images ADD COLUMN merged_md5 TEXT NOT NULL DEFAULT '';
ALTER TABLE release_images ADD COLUMN merged_offset BIGINT NOT NULL DEFAULT 0;
CREATE INDEX release_images_merged ON release_images (merged_sha256) WHERE merged_sha256 IS NOT NULL;

-- A draft of such a file.
ALTER TABLE drafts ADD COLUMN install BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE drafts DROP COLUMN install;
DROP INDEX release_images_merged;
ALTER TABLE release_images DROP COLUMN merged_offset;
ALTER TABLE release_images DROP COLUMN merged_md5;
ALTER TABLE release_images DROP COLUMN merged_sha256;
