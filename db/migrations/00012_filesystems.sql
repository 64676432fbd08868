-- +goose Up
-- Releases of file systems stand beside those of applications, with versions of their own. The two tables are made anew,
-- since no engine changes a primary key in the words of the other.
CREATE TABLE releases_of_all (
  platform     TEXT NOT NULL REFERENCES platforms (name) ON UPDATE CASCADE ON DELETE CASCADE,
  filesystem   TEXT NOT NULL DEFAULT '', -- its type, such as LittleFS; '' for an application
  version_key  TEXT NOT NULL,
  version      TEXT NOT NULL,
  published_at TIMESTAMP NOT NULL,
  published_by TEXT NOT NULL,
  downloads    BIGINT NOT NULL DEFAULT 0,
  withdrawn_at TIMESTAMP,
  PRIMARY KEY (platform, filesystem, version_key)
);
INSERT INTO releases_of_all (platform, version_key, version, published_at, published_by, downloads, withdrawn_at)
SELECT platform, version_key, version, published_at, published_by, downloads, withdrawn_at FROM releases;

CREATE TABLE release_images_of_all (
  platform    TEXT NOT NULL,
  filesystem  TEXT NOT NULL DEFAULT '',
  version_key TEXT NOT NULL,
  sha256      TEXT NOT NULL REFERENCES images (sha256),
  md5         TEXT NOT NULL,
  chip        TEXT NOT NULL,
  family      TEXT NOT NULL,
  running     TEXT NOT NULL, -- what a board that runs it says as its sketch-md5, separated by spaces
  appended    TEXT NOT NULL, -- and as its sketch-sha256
  inspection  TEXT NOT NULL, -- JSON
  PRIMARY KEY (platform, filesystem, version_key, sha256),
  FOREIGN KEY (platform, filesystem, version_key) REFERENCES releases_of_all (platform, filesystem, version_key) ON UPDATE CASCADE ON DELETE CASCADE
);
INSERT INTO release_images_of_all (platform, version_key, sha256, md5, chip, family, running, appended, inspection)
SELECT platform, version_key, sha256, md5, chip, family, running, appended, inspection FROM release_images;

DROP TABLE release_images;
DROP TABLE releases;
ALTER TABLE releases_of_all RENAME TO releases;
ALTER TABLE release_images_of_all RENAME TO release_images;
CREATE INDEX release_images_sha256 ON release_images (sha256);

-- What platforms has for the applications, for the file systems of each type.
CREATE TABLE filesystems (
  platform    TEXT NOT NULL REFERENCES platforms (name) ON UPDATE CASCADE ON DELETE CASCADE,
  filesystem  TEXT NOT NULL,
  top_version TEXT NOT NULL DEFAULT '',
  top_key     TEXT NOT NULL DEFAULT '',
  offered_key TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (platform, filesystem)
);

-- The file system that a device says it has: as what it asked for one, its version, why it was answered so, and a hash of
-- all that it said then.
ALTER TABLE devices ADD COLUMN filesystem TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN filesystem_version TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN filesystem_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN filesystem_facts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE removed_devices ADD COLUMN filesystem TEXT NOT NULL DEFAULT '';
ALTER TABLE removed_devices ADD COLUMN filesystem_version TEXT NOT NULL DEFAULT '';
ALTER TABLE removed_devices ADD COLUMN filesystem_reason TEXT NOT NULL DEFAULT '';

ALTER TABLE history ADD COLUMN filesystem TEXT NOT NULL DEFAULT ''; -- that it tells of; '' for an application

-- +goose Down
ALTER TABLE history DROP COLUMN filesystem;
ALTER TABLE removed_devices DROP COLUMN filesystem_reason;
ALTER TABLE removed_devices DROP COLUMN filesystem_version;
ALTER TABLE removed_devices DROP COLUMN filesystem;
ALTER TABLE devices DROP COLUMN filesystem_facts;
ALTER TABLE devices DROP COLUMN filesystem_reason;
ALTER TABLE devices DROP COLUMN filesystem_version;
ALTER TABLE devices DROP COLUMN filesystem;
DROP TABLE filesystems;
DELETE FROM releases WHERE filesystem <> '';
CREATE TABLE releases_of_applications (
  platform     TEXT NOT NULL REFERENCES platforms (name) ON UPDATE CASCADE ON DELETE CASCADE,
  version_key  TEXT NOT NULL,
  version      TEXT NOT NULL,
  published_at TIMESTAMP NOT NULL,
  published_by TEXT NOT NULL,
  downloads    BIGINT NOT NULL DEFAULT 0,
  withdrawn_at TIMESTAMP,
  PRIMARY KEY (platform, version_key)
);
INSERT INTO releases_of_applications (platform, version_key, version, published_at, published_by, downloads, withdrawn_at)
SELECT platform, version_key, version, published_at, published_by, downloads, withdrawn_at FROM releases;
CREATE TABLE release_images_of_applications (
  platform    TEXT NOT NULL,
  version_key TEXT NOT NULL,
  sha256      TEXT NOT NULL REFERENCES images (sha256),
  md5         TEXT NOT NULL,
  chip        TEXT NOT NULL,
  family      TEXT NOT NULL,
  running     TEXT NOT NULL,
  appended    TEXT NOT NULL,
  inspection  TEXT NOT NULL,
  PRIMARY KEY (platform, version_key, sha256),
  FOREIGN KEY (platform, version_key) REFERENCES releases_of_applications (platform, version_key) ON UPDATE CASCADE ON DELETE CASCADE
);
INSERT INTO release_images_of_applications (platform, version_key, sha256, md5, chip, family, running, appended, inspection)
SELECT platform, version_key, sha256, md5, chip, family, running, appended, inspection FROM release_images;
DROP TABLE release_images;
DROP TABLE releases;
ALTER TABLE releases_of_applications RENAME TO releases;
ALTER TABLE release_images_of_applications RENAME TO release_images;
CREATE INDEX release_images_sha256 ON release_images (sha256);
