-- +goose Up
-- When devices were heard that said nothing new, until it is settled in their own rows, which are wide and in many indexes:
-- to write those for every check-in of a large fleet would keep a processor and wear out a card.
CREATE TABLE heard (
  mac TEXT PRIMARY KEY REFERENCES devices (mac) ON DELETE CASCADE,
  at  TIMESTAMP NOT NULL
);

-- +goose Down
UPDATE devices SET last_seen = (SELECT h.at FROM heard h WHERE h.mac = devices.mac)
WHERE EXISTS (SELECT 1 FROM heard h WHERE h.mac = devices.mac AND h.at > devices.last_seen);
DROP TABLE heard;
