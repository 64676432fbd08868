-- +goose Up
-- When devices were heard that said nothing new, until it is settled in their own rows, which are wide and in many indexes:
-- to write those for every check-in of a large fleet would keep a processor and wear out a card. A row is a part of the
-- devices of one process.
CREATE TABLE heard (
  writer TEXT NOT NULL, -- the process
  part   BIGINT NOT NULL,
  at     TIMESTAMP NOT NULL,
  data   BYTEA NOT NULL,
  PRIMARY KEY (writer, part)
);

-- +goose Down
DROP TABLE heard;
